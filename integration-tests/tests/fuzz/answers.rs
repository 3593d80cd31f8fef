//! Valid answers of the engine and the services, recorded from the fake ones after an `up`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use integration_tests::program;
use integration_tests::scene::Scene;

use super::server::{Answer, Framing};

/// Paths that the engine is asked with GET.
const ENGINE: [&str; 9] = [
    "/_ping",
    "/info",
    "/containers/json?all=true",
    "/networks",
    "/volumes",
    "/images/prom/prometheus:v3.13.4/json",
    "/containers/tdd-prometheus/json",
    "/containers/tdd-prometheus/logs?stdout=true&stderr=true",
    "/containers/tdd-prometheus/archive?path=/etc/prometheus",
];

const SERVICES: [(&str, &[&str]); 3] = [
    (
        "prometheus",
        &[
            "/-/ready",
            "/api/v1/targets?state=active",
            "/api/v1/rules",
            "/api/v1/alertmanagers",
            "/api/v1/status/runtimeinfo",
            "/metrics",
        ],
    ),
    (
        "grafana",
        &[
            "/api/health",
            "/api/org",
            "/api/datasources/uid/prometheus",
            "/api/datasources/uid/prometheus/health",
            "/api/dashboards/uid/tdd-main",
        ],
    ),
    ("alertmanager", &["/api/v2/alerts"]),
];

/// Answers that the fakes do not give, as the real programs give them.
const FURTHER: &[(&str, &str)] = &[
    (
        "/networks/tdd-monitoring",
        r#"{"Name": "tdd-monitoring", "Id": "0123456789abcdef", "Driver": "bridge", "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]}, "Options": {}, "Labels": {}}"#,
    ),
    (
        "/networks/bridge",
        r#"{"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]}}"#,
    ),
    (
        "/distribution/prom/prometheus:v3.13.4/json",
        r#"{"Descriptor": {"mediaType": "a", "digest": "sha256:00", "size": 7}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}"#,
    ),
    (
        "/images/create",
        "{\"status\":\"Pulling from prom/prometheus\",\"id\":\"v3.13.4\"}\r\n{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":10},\"id\":\"a1b2\"}\r\n{\"status\":\"Status: Downloaded newer image\"}\r\n",
    ),
    ("/containers/create", r#"{"Id": "abc", "Warnings": []}"#),
    ("/containers/abc/archive", ""),
    ("/containers/abc/start", ""),
    ("/containers/abc/wait", "{\"StatusCode\": 1}\n"),
    ("/containers/abc/logs", "\u{2}\0\0\0\0\0\0\u{c}  FAILED: x\n"),
    ("/containers/abc", ""),
    ("/containers/tdd-prometheus/exec", r#"{"Id": "e1"}"#),
    ("/exec/e1/start", "\u{1}\0\0\0\0\0\0\u{5}said\n"),
    ("/exec/e1/json", r#"{"ID": "e1", "Running": false, "ExitCode": 0}"#),
    (
        "/api/ds/query",
        r#"{"results": {"A": {"status": 200, "frames": [{"schema": {"fields": []}, "data": {"values": [[1], [2]]}}]}}}"#,
    ),
    (
        "/api/v1/alerts",
        r#"{"status": "success", "data": {"alerts": [{"labels": {"alertname": "A", "severity": "critical"}, "annotations": {"summary": "s"}, "state": "firing", "activeAt": "2026-01-31T08:00:00.123456789Z", "value": "1e+00"}]}}"#,
    ),
    (
        "/api/v1/query",
        r#"{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}}"#,
    ),
    (
        "/api/v1/status/flags",
        r#"{"status": "success", "data": {"web.enable-lifecycle": "false", "web.external-url": "http://localhost:9090"}}"#,
    ),
    (
        "/api/v2/silences",
        r#"[{"id": "1", "createdBy": "me", "comment": "c", "endsAt": "2026-01-31T08:00:00Z", "status": {"state": "active"}}]"#,
    ),
];

/// Answers by path.
pub(crate) struct Good {
    pub(crate) engine: BTreeMap<String, Answer>,
    pub(crate) services: BTreeMap<String, Answer>,
}

/// Records the answers.
pub(crate) fn good() -> Good {
    let scene = Scene::after_up(program!());
    let socket = scene.engine.host();
    let socket = socket.trim_start_matches("unix://");
    let (mut engine, mut services) = (BTreeMap::new(), BTreeMap::new());
    for path in ENGINE {
        let stream = UnixStream::connect(socket).expect("the fake engine listens");
        engine.insert(without_query(path), ask(stream, path));
    }
    for (service, paths) in SERVICES {
        let address = scene.engine.address(&format!("tdd-{service}")).expect("the service runs");
        for path in paths {
            let stream = TcpStream::connect(address).expect("the fake service listens");
            services.insert(without_query(path), ask(stream, path));
        }
    }
    for &(path, body) in FURTHER {
        let answers = if path.starts_with("/api") { &mut services } else { &mut engine };
        answers.insert(path.into(), Answer::good("application/json", body.as_bytes().to_vec()));
    }
    if let Some(stream) = engine.get_mut("/exec/e1/start") {
        stream.framing = Framing::Upgraded;
    }
    Good { engine, services }
}

fn without_query(path: &str) -> String {
    path.split('?').next().unwrap_or(path).to_string()
}

fn ask(mut stream: impl Read + Write, path: &str) -> Answer {
    // HTTP/1.0 answers are not chunked.
    let login = "Authorization: Basic YWRtaW46YWRtaW4xMjM=";
    write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\n{login}\r\n\r\n").expect("it can be asked");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the engine answers");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("there is a head");
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let kind =
        head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or("application/json");
    assert!(head.contains(" 200 "), "{path}: {head}");
    Answer::good(kind, bytes[end + 4..].to_vec())
}
