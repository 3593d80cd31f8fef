//! Recorded answers of engines and registries, with their meanings.

use super::*;

/// Answers of a real Docker 20.10.24, and of other engines as quoted by their sources and public reports.
const ANSWERS: [(Meaning, &[&str]); 8] = [
    (
        Meaning::NameTaken,
        &[
            "Conflict. The container name \"/tdd-lock\" is already in use by container \"c1768340053a\". You have \
             to remove (or rename) that container to be able to reuse that name.",
            "Error when allocating new name: Conflict. The container name \"/tdd-grafana\" is already in use by \
             container \"8b2e333e7b6d\". You have to remove (or rename) that container to be able to reuse that \
             name.",
            "creating container storage: the container name \"tdd-lock\" is already in use by 94af5447d11a. You \
             have to remove that container to be able to reuse that name: that name is already in use, or use \
             --replace to instruct Podman to do so.",
        ],
    ),
    (Meaning::BeingRemoved, &["removal of container tdd-lock is already in progress"]),
    (
        Meaning::HalfRemoved,
        &[
            "RWLayer of container 8b2e333e7b6d is unexpectedly nil",
            "container is marked for removal and cannot be started",
            "container 8b2e333e7b6d is marked for removal and cannot be connected or disconnected to the network",
        ],
    ),
    (
        Meaning::NetworkInUse,
        &[
            "error while removing network: network tdd-monitoring id 55ae has active endpoints",
            "error while removing network: network tdd-monitoring has active endpoints (name:\"app\" id:\"55ae\")",
            "\"tdd-monitoring\" has associated containers with it. Use -f to forcibly delete containers and pods: \
             network is being used",
        ],
    ),
    (Meaning::NoPropagation, &["path / is mounted on / but it is not a shared or slave mount"]),
    (
        Meaning::NoHostGateway,
        &[
            "unable to derive the IP value for host-gateway",
            "failed to create new hosts file: unable to replace \"host-gateway\" of host entry \
             \"tdd-app:host-gateway\": host containers internal IP address is empty",
        ],
    ),
    (
        Meaning::PortTaken,
        &[
            "driver failed programming external connectivity on endpoint tdd-grafana (55ae): Bind for \
             127.0.0.1:3000 failed: port is already allocated",
            "driver failed programming external connectivity on endpoint tdd-grafana (55ae): Error starting \
             userland proxy: listen tcp4 127.0.0.1:3000: bind: address already in use",
            "failed to set up container networking: driver failed programming external connectivity on endpoint \
             tdd-grafana (55ae): failed to bind host port 127.0.0.1:3000/tcp: address already in use",
            "cannot listen on the TCP port: listen tcp4 127.0.0.1:3000: bind: address already in use",
            "rootlessport listen tcp 127.0.0.1:3000: bind: address already in use",
        ],
    ),
    (
        Meaning::OtherProcessor,
        &[
            "exec /bin/node_exporter: exec format error",
            "standard_init_linux.go:228: exec user process caused: exec format error",
            "exec container process `/bin/node_exporter`: Exec format error",
        ],
    ),
];

/// Answers of Docker 20.10 to a faulty registry, and of later engines as quoted by public reports.
const PULLS: [(PullFault, &[&str]); 10] = [
    (
        PullFault::Unauthorized,
        &[
            "unauthorized",
            "Head \"https://registry.example/v2/x/manifests/1\": no basic auth credentials",
            "unauthorized: authentication required",
            "failed to resolve reference \"r.example/x:1\": unexpected status from HEAD request to \
             https://r.example/v2/x/manifests/1: 401 Unauthorized",
            "error parsing HTTP 401 response body: unexpected end of JSON input: \"\"",
        ],
    ),
    (
        PullFault::Denied,
        &[
            "denied",
            "pull access denied for x, repository does not exist or may require 'docker login': denied: \
             requested access to the resource is denied",
            "failed to resolve reference \"ghcr.io/x/y:1\": unexpected status from HEAD request to \
             https://ghcr.io/v2/x/y/manifests/1: 403 Forbidden",
            "error parsing HTTP 403 response body: invalid character 'o' in literal null: \"no\"",
        ],
    ),
    (
        PullFault::NotFound,
        &[
            "manifest unknown",
            "name unknown",
            "manifest for r.example/x:1 not found: manifest unknown: manifest unknown",
            "failed to resolve reference \"docker.io/prom/x:1\": docker.io/prom/x:1: not found",
            "error parsing HTTP 404 response body: invalid character 'o' in literal null: \"nope\"",
        ],
    ),
    (
        PullFault::RateLimited,
        &[
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by \
             authenticating and upgrading: https://www.docker.com/increase-rate-limit",
            "error pulling image configuration: toomanyrequests: Too Many Requests.",
            "failed to copy: httpReadSeeker: failed open: unexpected status code \
             https://registry-1.docker.io/v2/library/rust/manifests/sha256:de6e: 429 Too Many Requests - \
             Server message: toomanyrequests: You have reached your pull rate limit.",
            "error parsing HTTP 429 response body: invalid character 's' looking for beginning of value: \
             \"slow down\"",
        ],
    ),
    (
        PullFault::Unavailable,
        &[
            "received unexpected HTTP status: 500 Internal Server Error",
            "received unexpected HTTP status: 502 Bad Gateway",
            "received unexpected HTTP status: 504 Gateway Timeout",
            "error parsing HTTP 502 response body: invalid character '<' looking for beginning of value: \
             \"<html>\"",
            "error pulling image configuration: download failed after attempts=6: received unexpected HTTP \
             status: 500 Internal Server Error",
            "failed to resolve reference \"r.example/x:1\": unexpected status from HEAD request to \
             https://r.example/v2/x/manifests/1: 503 Service Unavailable",
        ],
    ),
    (
        PullFault::Unreachable,
        &[
            "Get \"http://127.0.0.1:5999/v2/\": dial tcp 127.0.0.1:5999: connect: connection refused",
            "Get \"https://no-such-host.invalid/v2/\": dial tcp: lookup no-such-host.invalid on \
             10.255.255.53:53: no such host",
            "Get \"https://r.example/v2/\": net/http: request canceled while waiting for connection \
             (Client.Timeout exceeded while awaiting headers)",
            "Get \"http://127.0.0.1:18083/v2/\": context deadline exceeded",
            "Get \"http://127.0.0.1:18082/v2/\": read tcp 127.0.0.1:58830->127.0.0.1:18082: read: connection reset \
             by peer",
            "Get \"https://172.17.0.250:5000/v2/\": dial tcp 172.17.0.250:5000: connect: no route to host",
            "Get \"https://r.example/v2/\": dial tcp 192.0.2.1:443: connect: network is unreachable",
            "Get \"https://172.17.0.1:18081/v2/\": tls: first record does not look like a TLS handshake",
            "Get \"https://r.example:5000/v2/\": http: server gave HTTP response to HTTPS client",
            "Get \"https://r.example/v2/\": x509: certificate signed by unknown authority",
            "failed to resolve reference \"docker.io/x/y:1\": failed to authorize: failed to fetch anonymous \
             token: Get \"https://auth.docker.io/token?service=registry.docker.io\": EOF",
        ],
    ),
    (
        PullFault::Damaged,
        &[
            "filesystem layer verification failed for digest sha256:ad5f69d0edf48c29",
            "EOF",
            "unexpected EOF",
            "unexpected end of JSON input",
            "unknown blob",
            "expected HTTP 206 from byte range request",
            "failed commit on ref \"layer-sha256:55ae\": unexpected commit digest sha256:a8f2, expected \
             sha256:55ae: failed precondition",
            "failed commit on ref \"layer-sha256:a413\": \"layer-sha256:a413\" failed size validation: \
             10068781 != 9333267",
        ],
    ),
    (
        PullFault::OtherPlatform,
        &[
            "no matching manifest for linux/amd64 in the manifest list entries",
            "no matching manifest for linux/arm64/v8 in the manifest list entries: no match for platform in \
             manifest: not found",
        ],
    ),
    (PullFault::NoSpace, &["failed to register layer: write /var/lib/docker/tmp/x: no space left on device"]),
    (PullFault::Other, &["the engine's answer ended early"]),
];

#[test]
fn recorded_answers_have_exactly_their_meaning() {
    for (meaning, answers) in ANSWERS {
        for answer in answers {
            let found: Vec<Meaning> =
                ANSWERS.iter().map(|(other, _)| *other).filter(|other| other.is_in(answer)).collect();
            assert_eq!(found, [meaning], "{answer}");
        }
    }
}

#[test]
fn recorded_pull_answers_have_their_fault() {
    for (fault, answers) in PULLS {
        for answer in answers {
            assert_eq!(pull_fault(answer), fault, "{answer}");
        }
    }
}

#[test]
fn every_phrase_has_a_recorded_answer() {
    let recorded =
        |answers: &[&str], phrase: &str| answers.iter().any(|answer| has(&answer.to_lowercase(), phrase));
    let engine = ENGINE.iter().filter(|(meaning, phrase, _)| {
        !ANSWERS.iter().any(|(other, answers)| other == meaning && recorded(answers, phrase))
    });
    let pull = PULL.iter().filter(|(fault, phrase, _)| {
        !PULLS.iter().any(|(other, answers)| other == fault && recorded(answers, phrase))
    });
    let bare: Vec<String> =
        engine.map(|row| format!("{row:?}")).chain(pull.map(|row| format!("{row:?}"))).collect();
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn unknown_words_have_no_meaning() {
    assert_eq!(layer_state("Extracting"), Some(LayerState::Extracting));
    assert_eq!(layer_state("Retrying in 5 seconds"), None);
    assert!(ends_a_pull("Status: Downloaded newer image for prom/prometheus:v3.5.3"));
    assert!(!ends_a_pull("Digest: sha256:00"));
    assert!(is_desktop("Docker Desktop") && !is_desktop("Debian GNU/Linux 12 (bookworm)"));
    assert_eq!(warning("WARNING: No swap limit support"), "No swap limit support");
}

#[test]
fn phrase_parts_match_only_in_order() {
    assert!(has("removal of container x is already in progress", "removal of … in progress"));
    assert!(!has("in progress: removal of x", "removal of … in progress"));
}
