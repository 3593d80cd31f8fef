//! The demo next to a real stack, on separate ports.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use integration_tests::http;
use integration_tests::scenario::{Scenario, eventually, text};
use serde_json::{Value, json};

use crate::scenario;

const JOBS: [&str; 6] =
    ["alertmanager", "app-metrics", "grafana", "node-exporter", "prometheus", "streamlit-app"];
/// Values that Grafana's backend would insert for its variables.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "1m"), ("$__range", "1h")];
/// The panel that is empty on a healthy stack.
const FIRING_ALERTS: &str = "Firing alerts";
const PAST: u64 = 7200;

/// A demo that runs until it is dropped.
struct Demo(Child);

/// The ports of the demo that the stack's configuration names.
struct Ports {
    health: u16,
    metrics: u16,
    receiver: u16,
    control: u16,
}

impl Ports {
    /// Reserves ports and writes them into the configuration.
    fn reserve(scenario: &Scenario) -> Self {
        let [health, metrics, receiver, control] = [(); 4].map(|()| scenario.reserve_port());
        scenario.edit("prometheus.yml", "tdd-app:8501", &format!("tdd-app:{health}"));
        scenario.edit("prometheus.yml", "tdd-app:8502", &format!("tdd-app:{metrics}"));
        scenario.edit("alertmanager.yml", "tdd-webhook:5001", &format!("tdd-webhook:{receiver}"));
        Self { health, metrics, receiver, control }
    }

    fn arguments(&self) -> [String; 4] {
        [
            format!("--health-port={}", self.health),
            format!("--metrics-port={}", self.metrics),
            format!("--receiver-port={}", self.receiver),
            format!("--control-port={}", self.control),
        ]
    }
}

impl Demo {
    /// Starts a demo and returns the state that it prints when it is ready.
    fn start(scenario: &Scenario, ports: &Ports, arguments: &[&str]) -> (Self, Value) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tdd-stack-under-test"))
            .args(["demo", "--output", "json", "--progress", "quiet", "--stack", scenario.stack()])
            .arg("--dir")
            .arg(scenario.folder())
            .args(ports.arguments())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("the stream is piped");
        match serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next() {
            Some(Ok(state)) if state["schema"] == "tdd-stack.demo/1" => (Self(child), state),
            other => {
                let mut stderr = String::new();
                drop(child.stderr.take().expect("the stream is piped").read_to_string(&mut stderr));
                drop(child.kill());
                panic!("the demo does not start: {other:?}\n{stderr}");
            }
        }
    }

    fn set(ports: &Ports, scenario: &str) {
        let output = Command::new(env!("CARGO_BIN_EXE_tdd-stack-under-test"))
            .args(["demo", "set", scenario, "--control-port", &ports.control.to_string()])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Returns the queries of all panels, each with the panel's title.
fn queries(scenario: &Scenario) -> Vec<(String, String)> {
    let file =
        std::fs::read_to_string(scenario.file("grafana_dashboards.json")).expect("the dashboard file exists");
    let mut dashboard: Value = serde_json::from_str(&file).expect("it is valid JSON");
    if dashboard["dashboard"].is_object() {
        dashboard = dashboard["dashboard"].take();
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let of_panel = |panel: Value| {
        let title = text(&panel["title"]);
        list(&panel["targets"]).into_iter().map(move |target| (title.clone(), text(&target["expr"])))
    };
    let filled = |(title, expr): (String, String)| {
        (title, VARIABLES.iter().fold(expr, |expr, (name, value)| expr.replace(name, value)))
    };
    list(&dashboard["panels"]).into_iter().flat_map(of_panel).map(filled).collect()
}

/// Returns the panels whose query gives no series or NaN, through Prometheus and through Grafana.
fn empty_panels(scenario: &Scenario, queries: &[(String, String)]) -> Vec<String> {
    let mut empty = Vec::new();
    for (title, expr) in queries.iter().filter(|(title, _)| title != FIRING_ALERTS) {
        let seen = scenario.prometheus(&format!("query?query={}", encoded(expr)));
        let series = seen["result"].as_array().cloned().unwrap_or_default();
        if series.is_empty() || series.iter().any(|series| series["value"][1] == "NaN") {
            empty.push(format!("{title}: Prometheus: {expr}"));
        }
        let body = json!({"from": "now-1h", "to": "now", "queries": [{
            "refId": "A", "datasource": {"type": "prometheus", "uid": "prometheus"}, "expr": expr,
            "instant": true, "range": false, "intervalMs": 15000, "maxDataPoints": 240,
        }]});
        let url = format!("{}/api/ds/query", scenario.url("grafana"));
        let answer = http::request("POST", &url, Some(http::ADMIN), Some(&body));
        if answer.json()["results"]["A"]["frames"].as_array().is_none_or(Vec::is_empty) {
            empty.push(format!("{title}: Grafana: {expr}: {}", answer.text));
        }
    }
    empty
}

/// Returns the queries without a point in some minute of the past, as `query_range` gives it.
fn gaps(scenario: &Scenario, queries: &[(String, String)], now: u64) -> Vec<String> {
    let (begin, end) = (now - PAST, now);
    let mut gaps = Vec::new();
    for (title, expr) in queries.iter().filter(|(title, _)| title != FIRING_ALERTS) {
        let path = format!("query_range?query={}&start={begin}&end={end}&step=60", encoded(expr));
        let seen = scenario.prometheus(&path);
        let series = seen["result"].as_array().cloned().unwrap_or_default();
        let moments = |series: &Value| {
            let values = series["values"].as_array().cloned().unwrap_or_default();
            values.into_iter().filter_map(|value| value[0].as_u64()).collect::<Vec<u64>>()
        };
        let mut all: Vec<u64> = series.iter().flat_map(moments).collect();
        all.sort_unstable();
        all.dedup();
        // One minute may be missing between the past and the stack's first scrape.
        if all.len() < usize::try_from(PAST / 60 - 1).expect("the number of minutes is small") {
            gaps.push(format!("{title}: {} of {} minutes: {expr}", all.len(), PAST / 60));
        }
    }
    gaps
}

fn encoded(expr: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let encode = |byte: u8| if safe(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    expr.bytes().map(encode).collect()
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs()
}

fn alerts(scenario: &Scenario) -> Vec<String> {
    let seen = scenario.prometheus("alerts");
    let alerts = seen["alerts"].as_array().cloned().unwrap_or_default();
    alerts
        .iter()
        .filter(|alert| alert["state"] == "firing")
        .map(|alert| text(&alert["labels"]["alertname"]))
        .collect()
}

/// Waits until a condition holds; an alert's `for` takes longer than `eventually` waits.
fn within(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn demo_imports_history_and_its_outage_fires_an_alert() {
    let scenario = scenario("demo");
    scenario.succeed(&["init"]);
    let ports = Ports::reserve(&scenario);
    scenario.succeed(&["up"]);
    let queries = queries(&scenario);
    assert!(queries.len() >= 20, "{} queries", queries.len());

    let (demo, state) = Demo::start(&scenario, &ports, &["--history", "2h"]);
    assert!(state["history"]["samples"].as_u64().expect("the demo imported a history") > 100_000, "{state}");
    let now = seconds_now();
    let gaps = gaps(&scenario, &queries, now);
    assert!(gaps.is_empty(), "the past has gaps right after the import: {gaps:#?}");
    // The restart of Prometheus is not a change of the stack.
    scenario.is_converged();

    let all_up = || JOBS.iter().all(|job| scenario.targets().contains(&((*job).to_string(), "up".into())));
    eventually("all six jobs are up", all_up, |up| *up);
    let unhealthy = || {
        let rules = scenario.rules();
        let unhealthy_names =
            rules.iter().filter(|rule| rule["health"] != "ok").map(|rule| text(&rule["name"]));
        (rules.len(), unhealthy_names.collect::<Vec<_>>())
    };
    eventually("every rule is healthy", unhealthy, |(count, unhealthy_names)| {
        *count >= 18 && unhealthy_names.is_empty()
    });
    eventually("every panel has series", || empty_panels(&scenario, &queries), Vec::is_empty);
    drop(demo);

    let (demo, state) = Demo::start(&scenario, &ports, &["--history", "2h"]);
    assert_eq!(state["history"], Value::Null, "a second history was imported");
    assert!(text(&state["notes"][0]).contains("nothing is imported"), "{state}");
    Demo::set(&ports, "outage");
    within(Duration::from_mins(3), "ApplicationDown fires", || {
        alerts(&scenario).contains(&"ApplicationDown".into())
    });
    Demo::set(&ports, "steady");
    within(Duration::from_mins(1), "ApplicationDown ends", || {
        !alerts(&scenario).contains(&"ApplicationDown".into())
    });
    drop(demo);
}
