//! A stack monitors itself, as Prometheus, Alertmanager and Grafana report.

use std::time::{Duration, Instant};

use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, operations, text};

use crate::scenario;

const REQUIRED: [&str; 4] = ["alertmanager", "grafana", "node-exporter", "prometheus"];

fn healths(scenario: &Scenario, jobs: &[&str]) -> Vec<String> {
    let targets = scenario.targets();
    let of = |job: &&str| targets.iter().find(|(name, _)| name == job).map(|(_, health)| health.clone());
    jobs.iter().map(|job| of(job).unwrap_or_else(|| "missing".into())).collect()
}

#[test]
fn new_stack_monitors_itself() {
    let scenario = scenario("observes");
    scenario.succeed(&["up"]);
    let all_up = |seen: &Vec<String>| seen.iter().all(|health| health == "up");
    eventually("every required target is up", || healths(&scenario, &REQUIRED), all_up);
    let active = || scenario.prometheus("alertmanagers")["activeAlertmanagers"].clone();
    eventually("Alertmanager is active", active, |found| {
        found.as_array().is_some_and(|list| list.len() == 1)
    });
    let unhealthy = || {
        let rules = scenario.rules();
        assert!(rules.len() >= 18, "{} rules", rules.len());
        rules.into_iter().filter(|rule| rule["health"] != "ok").map(|rule| text(&rule["name"])).collect()
    };
    eventually("every rule is healthy", unhealthy, |names: &Vec<String>| names.is_empty());
    let targets: Vec<String> = scenario.targets().into_iter().map(|(job, _)| job).collect();
    let expected = ["alertmanager", "app-metrics", "grafana", "node-exporter", "prometheus", "streamlit-app"];
    assert_eq!(targets, expected);
}

#[test]
fn grafana_has_dashboard_and_data_source() {
    let scenario = scenario("dashboard");
    scenario.succeed(&["up"]);
    let answer = scenario.grafana("/api/dashboards/uid/tdd-main");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["dashboard"]["title"], "Test TDD Project - Main Dashboard");
    let answer = scenario.grafana("/api/datasources/uid/prometheus/health");
    assert_eq!((answer.status, &answer.json()["status"]), (200, &"OK".into()));
}

#[test]
fn json_status_matches_the_services() {
    let scenario = scenario("status");
    scenario.succeed(&["up"]);
    scenario.succeed(&["status", "--wait", "proven"]);
    let status = scenario.succeed(&["status", "--output", "json"]).json();
    assert_eq!(status["schema"], "tdd-stack.status/1");
    assert_eq!(status["stack"], scenario.stack());
    assert_eq!(status["ok"], true);
    for service in status["services"].as_array().unwrap() {
        assert_eq!((&service["state"], &service["ready"]), (&"running".into(), &true.into()), "{service}");
        assert!(service["image"].as_str().unwrap().contains(':'));
        assert_eq!(service["drift"], serde_json::json!([]), "{service}");
        let url = service["url"].as_str().unwrap();
        assert_eq!(url, scenario.url(service["name"].as_str().unwrap()));
    }
    let targets = status["targets"].as_array().unwrap();
    for job in REQUIRED {
        let target = targets.iter().find(|target| target["job"] == job).unwrap();
        assert_eq!((&target["up"], &target["required"]), (&true.into(), &true.into()), "{target}");
    }
    assert_eq!(status["rules"]["total"], status["rules"]["healthy"]);
    assert_eq!(status["alertmanager"]["active"], true);
    assert_eq!(status["dashboards"][0]["uid"], "tdd-main");
    let series = || {
        let status = scenario.succeed(&["status", "--output", "json"]).json();
        let panels = status["dashboards"][0]["panels"].as_array().cloned().unwrap_or_default();
        let memory = panels.iter().find(|panel| panel["title"] == "Memory").cloned();
        memory.and_then(|panel| panel["series"].as_u64()).unwrap_or_default()
    };
    eventually("the panel of the host's memory has a series", series, |series| *series > 0);
}

#[test]
fn stopped_application_is_a_failure_only_if_required() {
    let scenario = scenario("no-app");
    scenario.succeed(&["init"]);
    // Nothing listens on port 1.
    scenario.edit("prometheus.yml", "tdd-app:8502", "tdd-app:1");
    scenario.succeed(&["up"]);
    let target = || {
        let status = scenario.succeed(&["status", "--output", "json"]).json();
        let targets = status["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().find(|target| target["job"] == "app-metrics").unwrap_or_default()
    };
    let app = eventually("the application was scraped", target, |target| target["health"] == "down");
    assert_eq!((&app["up"], &app["required"]), (&false.into(), &false.into()), "{app}");
    assert!(app["error"].as_str().unwrap().contains("tdd-app:1/"), "{app}");
    assert!(app["hint"].as_str().unwrap().contains("0.0.0.0"), "{app}");
    let strict = scenario.run(&["up", "--require-app", "--wait-timeout", "1s"]);
    strict.exits(6).says("app-metrics is down").says("0.0.0.0");
}

#[test]
fn up_with_wait_proven_ends_with_real_files() {
    let scenario = scenario("proven");
    let began = Instant::now();
    let done = scenario.succeed(&["up", "--wait", "proven", "--output", "json"]).json();
    // Discovery takes Prometheus 5 s, and its real intervals would take another 15 s.
    assert!(began.elapsed() < Duration::from_secs(14), "{:?}", began.elapsed());
    assert_eq!(done["verification"]["verdict"], "healthy", "{done}");
    assert_eq!(done["verification"]["alertmanager"], serde_json::json!({"active": true, "watchdog": true}));
    let config = text(&scenario.prometheus("status/config")["yaml"]);
    assert!(config.contains("scrape_interval: 15s") && !config.contains("_interval: 1s"), "{config}");
    let queries: Vec<String> = scenario.rules().iter().map(|rule| text(&rule["query"])).collect();
    assert!(queries.contains(&"vector(1)".to_string()), "{queries:?}");
    scenario.is_converged();
}

#[test]
fn status_stays_proven_after_the_intervals_change() {
    let scenario = scenario("stays-proven");
    scenario.succeed(&["up", "--wait", "proven"]);
    // The tuned intervals change to the real ones, so each target and rule is new for up to 20 s.
    let is_completely_scraped = || {
        let status = scenario.succeed(&["status", "--output", "json"]).json();
        assert_eq!(status["verdict"], "healthy", "{status:#}");
        let is_seen = |found: &serde_json::Value| found["health"] != "unknown";
        let targets = scenario.prometheus("targets?state=active");
        let targets = targets["activeTargets"].as_array().expect("it is a list").clone();
        let is_real = |target: &serde_json::Value| target["scrapeInterval"] != "1s" && is_seen(target);
        scenario.rules().iter().all(is_seen) && targets.iter().all(is_real)
    };
    eventually(
        "Prometheus scraped and evaluated everything with the real files",
        is_completely_scraped,
        |seen| *seen,
    );
    scenario.succeed(&["status", "--wait", "proven", "--wait-timeout", "1s"]);
}

#[test]
fn edited_rule_is_proven_unless_it_fails() {
    let scenario = scenario("edited-rule");
    scenario.succeed(&["up", "--wait", "proven"]);
    eventually(
        "every rule was evaluated",
        || scenario.rules(),
        |rules| rules.iter().all(|rule| rule["health"] == "ok"),
    );
    scenario.edit("alerts.yml", "expr: memory_usage_percent > 90", "expr: memory_usage_percent > 95");
    scenario.succeed(&["up"]);
    let status = scenario.succeed(&["status", "--output", "json"]).json();
    assert_eq!(status["verdict"], "healthy", "{status:#}");
    // Valid syntax, but the evaluation fails: both sides have several elements.
    let fails = "expr: up * on () group_left () up > 95";
    scenario.edit("alerts.yml", "expr: memory_usage_percent > 95", fails);
    scenario.succeed(&["up"]);
    let status = scenario.run(&["status", "--output", "json"]).json();
    assert_ne!(status["verdict"], "healthy", "{status:#}");
}

#[test]
fn up_starts_a_stopped_service() {
    let scenario = scenario("stopped");
    scenario.succeed(&["up"]);
    docker(&["stop", &scenario.container("alertmanager")]);
    let status = scenario.run(&["status", "--output", "json"]);
    status.exits(1);
    assert_eq!(status.json()["ok"], false);
    let ids = scenario.ids();
    scenario.succeed(&["up"]);
    assert_eq!(scenario.ids(), ids);
    scenario.succeed(&["status"]);
}

#[test]
fn up_fixes_a_changed_data_source() {
    let scenario = scenario("blind");
    scenario.succeed(&["up"]);
    let url = format!("{}/api/datasources/uid/prometheus", scenario.url("grafana"));
    let mut wrong = scenario.grafana("/api/datasources/uid/prometheus").json();
    wrong["url"] = "http://nowhere:9090".into();
    assert_eq!(http::request("PUT", &url, Some(http::ADMIN), Some(&wrong)).status, 200);
    let seen = scenario.run(&["status", "--output", "json"]);
    seen.exits(6);
    let again = scenario.succeed(&["up", "--output", "json"]).json();
    let done = operations(&again);
    assert_eq!(done, ["set-data-source", "wait-data-source"]);
    scenario.succeed(&["status"]);
}

#[test]
fn prometheus_lifecycle_endpoints_are_disabled() {
    let scenario = scenario("lifecycle");
    scenario.succeed(&["up"]);
    for path in ["/-/quit", "/-/reload"] {
        let url = format!("{}{path}", scenario.url("prometheus"));
        assert_eq!(http::request("POST", &url, None, None).status, 403, "{path}");
    }
    let config = scenario.prometheus("status/config");
    assert!(config["yaml"].as_str().unwrap().contains("environment: development"));
    let runtime = scenario.prometheus("status/runtimeinfo");
    assert!(runtime["storageRetention"].as_str().unwrap().contains("8d8h"), "{runtime}");
}

#[test]
fn node_exporter_shows_the_host() {
    let scenario = scenario("host");
    scenario.succeed(&["up"]);
    let metrics = http::get(&format!("{}/metrics", scenario.url("node-exporter"))).text;
    let memory: f64 = metrics
        .lines()
        .find_map(|line| line.strip_prefix("node_memory_MemTotal_bytes "))
        .and_then(|value| value.parse().ok())
        .expect("node-exporter reports the memory");
    let host = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kilobytes: f64 =
        host.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap().parse().unwrap();
    assert!((memory - kilobytes * 1024.0).abs() < 1.0, "{memory} is not {kilobytes} kB");
    assert!(!metrics.lines().any(|line| line.starts_with("node_network_")));
    assert!(metrics.contains(&format!("nodename=\"{}-node-exporter\"", scenario.stack())));
}
