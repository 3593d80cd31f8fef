//! Tells from the engine's words why an image could not be pulled, and what the way out is.
//!
//! The engine passes on what it met in plain text and with status 500, and its releases do not word it alike: the
//! words here are those of Engine 20.10, and of later ones with containerd's image store as public reports quote them.

use std::fmt;

use crate::image_reference::ImageReference;

/// Why an image could not be pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullFault {
    /// The registry wants a login, or another one.
    Unauthorized,
    /// The registry refuses access to the repository, which it may not even have.
    Denied,
    /// The registry does not have the repository, or not this version of the image.
    NotFound,
    /// Too much was pulled in a time.
    RateLimited,
    /// The registry itself is out of order, which may pass.
    Unavailable,
    /// Nothing answers where the registry should be, or nothing that the engine trusts.
    Unreachable,
    /// What the registry sent is not what its own checksums say.
    Damaged,
    /// The image exists, but not for the engine's processor or system.
    OtherPlatform,
    /// The engine has no room for it.
    NoSpace,
    /// It is not there, and was not to be pulled.
    NotAsked,
    /// Something else.
    Other,
}

/// The words by which a fault is known, all in small letters. The first that fits counts: a cause stands before what
/// it leads to.
const WORDS: [(PullFault, &[&str]); 10] = [
    (PullFault::NoSpace, &["no space left on device"]),
    (PullFault::OtherPlatform, &["no matching manifest for", "no match for platform"]),
    (PullFault::RateLimited, &["toomanyrequests", "too many requests", "http 429"]),
    (PullFault::Unauthorized, &["http 401"]),
    (
        PullFault::Damaged,
        &[
            "verification failed",
            "unexpected commit digest",
            "failed size validation",
            "unexpected eof",
            "unexpected end of json input",
            "unknown blob",
            "expected http 206",
        ],
    ),
    (PullFault::Unauthorized, &["unauthorized", "no basic auth credentials", "authentication required"]),
    (PullFault::Denied, &["denied", "403 forbidden", "http 403"]),
    (
        PullFault::Unavailable,
        &[
            "http status: 5",
            "http 5",
            "500 internal server error",
            "502 bad gateway",
            "503 service unavailable",
            "504 gateway timeout",
            "failed after attempts",
        ],
    ),
    (
        PullFault::Unreachable,
        &[
            "connection refused",
            "connection reset",
            "no such host",
            "no route to host",
            "network is unreachable",
            "timeout",
            "deadline exceeded",
            "x509:",
            "tls:",
            "http response to https client",
            ": eof",
        ],
    ),
    (PullFault::NotFound, &["manifest unknown", "name unknown", "not found", "http 404"]),
];

impl PullFault {
    /// Returns the fault that the engine's words stand for.
    pub fn of(words: &str) -> Self {
        let words = words.to_lowercase();
        // All that Engine 20.10 says of a layer that ends early.
        if words.trim() == "eof" {
            return Self::Damaged;
        }
        let is_known = |(_, known): &&(Self, &[&str])| known.iter().any(|part| words.contains(part));
        WORDS.iter().find(is_known).map_or(Self::Other, |(fault, _)| *fault)
    }

    /// Returns whether the same pull may succeed a moment later. A limit that is reached is not tried against.
    pub fn may_pass(self) -> bool {
        self == Self::Unavailable
    }

    /// Returns what to do next about an image.
    pub(super) fn way_out(self, image: &str) -> String {
        let reference = image.parse::<ImageReference>().ok();
        let registry = reference.as_ref().map_or("", ImageReference::registry);
        let login = match registry {
            "" | "docker.io" => "`docker login`".into(),
            host => format!("`docker login {host}`"),
        };
        let elsewhere = "take the images from elsewhere with `--registry HOST` \
                         (`scripts/offline-images.sh` makes a local one)";
        match self {
            Self::Unauthorized => format!("{login} with an account that may read it, or {elsewhere}"),
            Self::Denied => {
                format!(
                    "check the name with `--image`; if it is right, {login} with an account that may read it, or {elsewhere}"
                )
            }
            Self::NotFound => format!("check name and tag with `--image`, or {elsewhere}"),
            Self::RateLimited => {
                format!(
                    "wait until the registry's period is over, or {login}, which allows more, or {elsewhere}"
                )
            }
            Self::Unavailable => {
                format!("run `tdd-stack up` again when the registry is well, or {elsewhere}")
            }
            Self::Unreachable => format!(
                "check the registry's name and port, and the engine host's network, proxy and certificates, or \
                 {elsewhere}"
            ),
            Self::Damaged => format!(
                "run `tdd-stack up` again; if it stays so, the registry or a proxy before it holds a damaged copy: \
                 push the image anew, or {elsewhere}"
            ),
            Self::OtherPlatform => format!(
                "name an image that is built for the engine's platform (`docker version` tells it) with `--image`, \
                 or {elsewhere}"
            ),
            Self::NotAsked => {
                "leave out `--pull never`, or bring the image to the engine by `docker load`".into()
            }
            Self::NoSpace => "make room on the engine's disk: `docker system df` shows what takes it".into(),
            Self::Other => format!("check the name with `--image`, or {elsewhere}"),
        }
    }
}

impl fmt::Display for PullFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "its registry wants a login",
            Self::Denied => "its registry refuses access",
            Self::NotFound => "its registry does not have it",
            Self::RateLimited => "its registry's limit of pulls is reached",
            Self::Unavailable => "its registry is out of order",
            Self::Unreachable => "its registry cannot be reached",
            Self::Damaged => "what its registry sent is damaged",
            Self::OtherPlatform => "it is not built for the engine's platform",
            Self::NoSpace => "the engine's disk is full",
            Self::NotAsked => "it is not there",
            Self::Other => "the pull did not end well",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Engine 20.10 says to a faulty registry, and later ones in public reports.
    const SAID: [(PullFault, &[&str]); 10] = [
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
        (
            PullFault::NoSpace,
            &["failed to register layer: write /var/lib/docker/tmp/x: no space left on device"],
        ),
        (PullFault::Other, &["the engine's answer ended early"]),
    ];

    #[test]
    fn each_release_s_words_are_understood() {
        for (fault, words) in
            SAID.iter().flat_map(|(fault, said)| said.iter().map(move |words| (fault, words)))
        {
            assert_eq!(PullFault::of(words), *fault, "{words}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let passing: Vec<PullFault> =
            SAID.iter().map(|(fault, _)| *fault).filter(|fault| fault.may_pass()).collect();
        assert_eq!(passing, [PullFault::Unavailable]);
    }

    #[test]
    fn a_way_out_names_the_registry_to_log_in_to() {
        let host = |image| PullFault::RateLimited.way_out(image);
        assert!(host("prom/prometheus:v3.5.3").contains("`docker login`,"));
        assert!(host("r.example:5000/prom/prometheus:v3.5.3").contains("`docker login r.example:5000`"));
        for (fault, _) in SAID {
            let names_another = fault.way_out("prom/prometheus:v3.5.3").contains("--registry HOST");
            assert_eq!(names_another, fault != PullFault::NoSpace, "{fault:?}");
        }
    }
}
