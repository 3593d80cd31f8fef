//! The process of `tdd-stack demo`: ports, control and exit. None of it needs an engine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use integration_tests::cli::{Output, TddStack};
use integration_tests::relay::Relay;
use integration_tests::scene::Scene;
use integration_tests::{program, relay};
use serde_json::{Value, json};

/// Flags that choose free ports. A given address needs no engine.
const ANY_PORTS: [&str; 8] =
    ["--health-port", "0", "--metrics-port", "0", "--receiver-port", "0", "--control-port", "0"];

/// Returns a loopback address that no other test uses, because a port that a demo closes temporarily must not be
/// given to another test.
fn own_address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // With one process per test, all counts are equal.
    let number = std::process::id().wrapping_mul(61).wrapping_add(count) % (1 << 22);
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 128, 0, 0).to_bits() + number)
}

/// A demo that runs until it is dropped.
struct Demo {
    address: Ipv4Addr,
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// The state that it printed when it was ready.
    state: Value,
    /// Keeps the folder that the demo uses as its home.
    _run: TddStack,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let address = own_address();
        let listen = ["--listen".to_string(), address.to_string()];
        let run = TddStack::new(program!()).args(["demo", "--output", "json"]).args(ANY_PORTS);
        let run = run.args(listen).args(arguments);
        let (program, arguments) = run.command_line();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(run.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("the stream is piped");
        let stderr = BufReader::new(child.stderr.take().expect("the stream is piped"));
        let state = serde_json::Deserializer::from_reader(stdout).into_iter().next();
        let state = state.expect("the demo prints its state").expect("the state is JSON");
        Self { address, child, stderr, state, _run: run }
    }

    fn port(&self, name: &str) -> u16 {
        let port = self.state["ports"][name].as_u64().and_then(|port| u16::try_from(port).ok());
        port.unwrap_or_else(|| panic!("port `{name}` is missing: {}", self.state))
    }

    fn set(&self, scenario: &str) -> Output {
        let port = self.port("control").to_string();
        let arguments = ["demo", "set", scenario, "--control-port", &port, "--output", "json"];
        TddStack::new(program!()).args(arguments).run()
    }

    fn get(&self, port: &str, path: &str) -> Answer {
        ask((self.address, self.port(port)), &format!("GET {path} HTTP/1.1"), &["Host: 127.0.0.1"], "")
    }

    fn notify(&self, path: &str, payload: &Value) -> Answer {
        let head = ["Host: tdd-webhook", "Content-Type: application/json"];
        ask(
            (self.address, self.port("receiver")),
            &format!("POST {path} HTTP/1.1"),
            &head,
            &payload.to_string(),
        )
    }

    fn control(&self, path: &str) -> Answer {
        let head = ["Host: 127.0.0.1", "X-Tdd-Stack: demo"];
        ask((Ipv4Addr::LOCALHOST, self.port("control")), &format!("GET {path} HTTP/1.1"), &head, "")
    }

    fn stderr_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).expect("it is readable");
        line.trim_end().to_string()
    }

    /// Sends a signal that ends the demo, and returns the exit code and the rest of standard error.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("it is readable");
        (self.child.wait().expect("the process exits").code(), rest)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // An interrupted demo has exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[derive(Debug)]
struct Answer {
    /// The status, or 0 if nothing listens.
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn ask(address: (Ipv4Addr, u16), request: &str, head: &[&str], body: &str) -> Answer {
    let unreachable = Answer { status: 0, head: String::new(), body: String::new() };
    let Ok(mut connection) = TcpStream::connect(address) else { return unreachable };
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit can be set");
    let (head, length) = (head.join("\r\n"), body.len());
    write!(connection, "{request}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .expect("a request can be sent");
    let mut text = String::new();
    connection.read_to_string(&mut text).expect("an answer can be read");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a head has a status");
    Answer { status, head: head.to_lowercase(), body: body.to_string() }
}

fn payload(version: &str) -> Value {
    json!({
        "version": version, "receiver": "tdd-webhook", "status": "firing", "externalURL": "http://localhost:9093",
        "groupKey": "{}", "truncatedAlerts": 0, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "alerts": [{
            "status": "firing", "labels": {"alertname": "SlowQueries", "severity": "warning", "job": "app-metrics"},
            "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://localhost:9090/graph", "fingerprint": "cafe",
        }],
    })
}

#[test]
fn metrics_pages_have_their_content_types() {
    let demo = Demo::start(&[]);
    assert_eq!(demo.state["schema"], "tdd-stack.demo/1");
    assert_eq!(demo.state["scenario"], "steady");
    let health = demo.get("health", "/health/metrics");
    assert_eq!(health.status, 200);
    assert!(health.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{health:?}");
    assert!(health.body.contains("app_health_status{component=\"database\"} 1.0\n"), "{health:?}");
    let head = ["Host: tdd-app", "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1"];
    let metrics = ask((demo.address, demo.port("metrics")), "GET /metrics HTTP/1.1", &head, "");
    assert!(
        metrics.head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(metrics.body.contains("http_requests_total{") && metrics.body.ends_with("# EOF\n"));
    assert_eq!(demo.get("metrics", "/health/metrics").status, 404);
}

#[test]
fn outage_closes_the_application_but_not_the_receiver() {
    let demo = Demo::start(&["--scenario", "outage"]);
    assert_eq!(demo.get("health", "/health/metrics").status, 0);
    assert_eq!(demo.get("metrics", "/metrics").status, 0);
    assert_eq!(demo.notify("/webhook", &payload("4")).status, 200);
    let set = demo.set("steady");
    assert_eq!(set.exits(0).json()["scenario"], "steady");
    assert_eq!(demo.get("health", "/health/metrics").status, 200);
    assert_eq!(demo.get("metrics", "/metrics").status, 200);
    demo.set("outage").exits(0);
    assert_eq!(demo.get("metrics", "/metrics").status, 0);
}

#[test]
fn scenario_is_kept_while_its_port_is_taken() {
    let demo = Demo::start(&["--scenario", "outage"]);
    let from = format!("tcp:{}:{}", demo.address, demo.port("metrics"));
    let taken = Relay::start(&[relay!()], &from, "unix:/nonexistent");
    demo.set("steady").exits(1).says("is taken on");
    assert_eq!(demo.control("/state").json()["scenario"], "outage");
    assert_eq!(demo.get("health", "/health/metrics").status, 0);
    drop(taken);
    demo.set("steady").exits(0);
    assert_eq!(demo.get("health", "/health/metrics").status, 200);
}

#[test]
fn scenarios_change_the_served_metrics() {
    let demo = Demo::start(&[]);
    demo.set("missing-metrics").exits(0);
    assert!(!demo.get("metrics", "/metrics").body.contains("tdd_phase_duration_seconds"));
    demo.set("db-down").exits(0);
    assert!(
        demo.get("health", "/health/metrics").body.contains("app_health_status{component=\"database\"} 0.0")
    );
    assert!(demo.get("metrics", "/metrics").body.contains("tdd_phase_duration_seconds_count"));
    demo.set("memory").exits(0);
    let host = demo.get("metrics", "/node-metrics").body;
    assert!(host.contains("node_memory_MemAvailable_bytes") && host.contains("node_memory_MemTotal_bytes"));
    demo.set("mayhem").exits(2).says("db-down");
}

#[test]
fn notifications_are_printed_and_kept_in_the_journal() {
    let mut demo = Demo::start(&["--progress", "json"]);
    assert_eq!(demo.notify("/webhook", &payload("4")).status, 200);
    assert_eq!(demo.notify("/watchdog", &payload("4")).status, 200);
    let line: Value = serde_json::from_str(&demo.stderr_line()).expect("a line is a JSON object");
    assert_eq!((&line["schema"], &line["path"]), (&"tdd-stack.notification/1".into(), &"/webhook".into()));
    assert_eq!(line["alerts"][0]["labels"]["alertname"], "SlowQueries");
    let journal = demo.control("/journal").json();
    let numbers: Vec<&Value> =
        journal["notifications"].as_array().unwrap().iter().map(|kept| &kept["number"]).collect();
    assert_eq!(numbers, [1, 2]);
    let newest = demo.control("/journal?since=1").json();
    assert_eq!(newest["notifications"][0]["path"], "/watchdog");
    assert_eq!(newest["notifications"][0]["alerts"][0]["fingerprint"], "cafe");
}

#[test]
fn receiver_rejects_notifications_when_down_or_malformed() {
    let demo = Demo::start(&["--scenario", "receiver-down"]);
    assert_eq!(demo.notify("/webhook", &payload("4")).status, 500);
    assert_eq!(demo.get("metrics", "/metrics").status, 200);
    demo.set("steady").exits(0);
    assert_eq!(demo.notify("/webhook", &payload("5")).status, 400);
    assert_eq!(demo.notify("/webhook", &json!({"version": "4"})).status, 422);
    assert_eq!(demo.control("/state").json()["notifications"], 0);
}

#[test]
fn control_rejects_requests_of_web_pages() {
    let demo = Demo::start(&[]);
    let body = json!({"scenario": "outage"}).to_string();
    let control = (Ipv4Addr::LOCALHOST, demo.port("control"));
    let plain = ["Host: 127.0.0.1", "Content-Type: text/plain", "Origin: http://evil.example"];
    assert_eq!(ask(control, "POST /scenario HTTP/1.1", &plain, &body).status, 403);
    // DNS rebinding: a name that resolves to loopback gives the page and the control the same origin.
    let rebound = ["Host: evil.example:8503", "Content-Type: application/json", "X-Tdd-Stack: demo"];
    assert_eq!(ask(control, "POST /scenario HTTP/1.1", &rebound, &body).status, 403);
    let asked_first = ["Host: 127.0.0.1", "Access-Control-Request-Headers: x-tdd-stack"];
    assert_eq!(ask(control, "OPTIONS /scenario HTTP/1.1", &asked_first, "").status, 403);
    assert_eq!(demo.control("/state").json()["scenario"], "steady");
}

#[test]
fn demo_ends_with_130_and_a_summary() {
    for signal in ["INT", "TERM"] {
        let demo = Demo::start(&[]);
        let (code, rest) = demo.end(signal);
        assert_eq!(code, Some(130), "{signal}");
        assert!(rest.ends_with("s  demo stopped, notifications received: 0\n"), "{signal}: {rest}");
        assert_eq!(rest.lines().count(), 1, "{signal}: {rest}");
    }
    let demo = Demo::start(&["--progress", "quiet"]);
    assert_eq!(demo.end("INT"), (Some(130), String::new()));
}

#[test]
fn interrupted_demo_closes_its_ports() {
    let mut demo = Demo::start(&[]);
    assert_eq!(demo.notify("/webhook", &payload("4")).status, 200);
    assert!(demo.stderr_line().ends_with("Z  !   SlowQueries fires  app-metrics"));
    let ports = ["health", "metrics", "receiver"].map(|name| (demo.address, demo.port(name)));
    let (code, rest) = demo.end("INT");
    assert_eq!(code, Some(130));
    assert!(rest.ends_with("demo stopped, notifications received: 1\n"), "{rest}");
    for address in ports {
        assert!(TcpStream::connect(address).is_err(), "{address:?} is still open");
    }
}

#[test]
fn taken_port_is_reported_with_its_holder() {
    let demo = Demo::start(&[]);
    let port = demo.port("receiver").to_string();
    let address = demo.address.to_string();
    let arguments = ["demo", "--listen", &address, "--health-port", "0", "--metrics-port", "0"];
    let second = TddStack::new(program!()).args(arguments).args(["--receiver-port", &port]).run();
    second.exits(4).says(&format!("port {port} of `alert receiver` is taken on {address}"));
    second.says(&format!("(process {})", demo.child.id())).says("stop the process using the port");
}

#[test]
fn set_without_a_demo_fails_with_a_hint() {
    // No other test uses the reserved port 1.
    let output = TddStack::new(program!()).args(["demo", "set", "errors", "--control-port", "1"]).run();
    output.exits(1).says("no demo answers at").says("hint: start a demo with `tdd-stack demo`");
}

#[test]
fn history_needs_a_running_stack() {
    let scene = Scene::with_images(program!());
    let run = scene.tdd_stack(["demo", "--history", "2h", "--listen", "127.0.0.1"]).args(ANY_PORTS).run();
    run.exits(1).says("needs a running stack").says("`tdd-stack up`");
    scene.run(["demo", "--history", "48h"]).exits(2).says("is the longest history");
}

#[test]
fn demo_needs_an_engine_or_an_address() {
    let run = TddStack::new(program!()).args(["demo", "--host", "unix:///nowhere/docker.sock"]).run();
    run.exits(3);
}
