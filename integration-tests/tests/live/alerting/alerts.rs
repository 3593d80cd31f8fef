//! Alerts are reported with their state, start, receivers and annotations.

use integration_tests::http;
use integration_tests::scenario::{Scenario, eventually, text};
use serde_json::{Value, json};

use crate::scenario;

/// Starts a stack with two fast alerts and without an application.
fn alerting(name: &str) -> Scenario {
    let scenario = scenario(name);
    scenario.succeed(&["init"]);
    for port in ["8501", "8502"] {
        let nowhere = format!("tdd-app:{}", scenario.reserve_port());
        scenario.edit("prometheus.yml", &format!("tdd-app:{port}"), &nowhere);
    }
    scenario.edit("prometheus.yml", "evaluation_interval: 15s", "evaluation_interval: 1s");
    // An alert that fires before Prometheus finds Alertmanager is resent only after a minute; `for` avoids that.
    let own = "groups:
  - name: own
    rules:
      - alert: Burning
        expr: vector(1)
        for: 10s
        labels: {severity: critical}
        annotations: {summary: It burns, description: All of it., runbook_url: run.md#burning, dashboard_url: http://d/1}
      - alert: Smoking
        expr: vector(1)
        for: 1h
        labels: {severity: warning}
";
    scenario.edit("alerts.yml", "groups:\n", own);
    scenario.succeed(&["up"]);
    scenario
}

fn alerts(scenario: &Scenario) -> Value {
    scenario.succeed(&["alerts", "--output", "json"]).json()
}

/// Waits until an alert is in a state, and returns it.
fn seen(scenario: &Scenario, name: &str, state: &str) -> Value {
    let ask = || {
        let document = alerts(scenario);
        let list = document["alerts"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|alert| alert["alert"] == name).unwrap_or_default()
    };
    let is_there = |alert: &Value| alert["state"] == state && (state != "firing" || alert["arrived"] == true);
    eventually(&format!("{name} is {state}"), ask, is_there)
}

/// Posts alerts with these labels as Prometheus would; shipped rules would take minutes.
fn post(scenario: &Scenario, labels: &[Value]) {
    let alerts: Vec<Value> = labels.iter().map(|labels| json!({"labels": labels})).collect();
    let url = format!("{}/api/v2/alerts", scenario.url("alertmanager"));
    let answer = http::request("POST", &url, None, Some(&json!(alerts)));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn alerts_lists_firing_and_pending_alerts_with_details() {
    let scenario = alerting("alerts");
    let burning = seen(&scenario, "Burning", "firing");
    assert_eq!(burning["receivers"], json!(["tdd-webhook"]));
    for (key, value) in [
        ("severity", "critical"),
        ("summary", "It burns"),
        ("description", "All of it."),
        ("runbook", "run.md#burning"),
        ("dashboard", "http://d/1"),
    ] {
        assert_eq!(burning[key], value, "{burning:#}");
    }
    assert!(burning["seconds"].as_u64().is_some_and(|seconds| seconds < 60), "{burning:#}");
    assert!(text(&burning["since"]).ends_with('Z'), "{burning:#}");
    assert_eq!(burning["labels"]["environment"], "development");
    let smoking = seen(&scenario, "Smoking", "pending");
    assert_eq!((&smoking["receivers"], &smoking["runbook"]), (&json!([]), &Value::Null));

    post(&scenario, &[json!({"alertname": "Watchdog"})]);
    let document = eventually(
        "the watchdog arrived",
        || alerts(&scenario),
        |document| document["delivery"]["alive"] == true,
    );
    assert_eq!(document["schema"], "tdd-stack.alerts/1");
    let names: Vec<String> =
        document["alerts"].as_array().unwrap().iter().map(|alert| text(&alert["alert"])).collect();
    assert!(!names.contains(&"Watchdog".to_string()), "{names:?}");
    let table = scenario.succeed(&["alerts"]).stdout;
    for words in [
        "Burning",
        "critical",
        "tdd-webhook",
        "runbook    run.md#burning",
        "Prometheus reaches Alertmanager: Watchdog has arrived",
    ] {
        assert!(table.contains(words), "{words:?}: {table}");
    }
    scenario.run(&["alerts", "--fail-on-firing"]).exits(1);
}

#[test]
fn silenced_alert_names_its_silence_and_never_fails() {
    let scenario = alerting("silenced");
    seen(&scenario, "Burning", "firing");
    scenario.silence(".+", "it is known");
    let burning = seen(&scenario, "Burning", "suppressed");
    let by = text(&burning["suppressed_by"][0]);
    assert!(by.contains("a test") && by.contains("it is known"), "{burning:#}");
    scenario.succeed(&["alerts", "--fail-on-firing"]);
}

#[test]
fn inhibited_alert_names_its_source() {
    let scenario = scenario("inhibited");
    scenario.succeed(&["up"]);
    let alert = |name: &str| json!({"alertname": name, "job": "app-metrics", "instance": "tdd-app:8502"});
    post(&scenario, &[alert("ApplicationDown"), alert("SlowQueries")]);
    let slow = seen(&scenario, "SlowQueries", "suppressed");
    assert_eq!(slow["suppressed_by"], json!(["ApplicationDown"]));
    seen(&scenario, "ApplicationDown", "firing");
}

#[test]
fn alerts_of_missing_stack_fail() {
    let scenario = scenario("no-alerts");
    let output = scenario.run(&["alerts", "--output", "json"]);
    output.exits(1);
    output.says("it is not running");
    let document = output.json();
    assert_eq!((&document["ok"], &document["alerts"]), (&false.into(), &json!([])));
    assert_eq!(document["unanswered"].as_array().map(Vec::len), Some(2));
}
