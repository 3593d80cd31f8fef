//! A stack observes: Prometheus, Alertmanager and Grafana say so themselves.

use std::time::{Duration, Instant};

use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, operations, text};

use super::scenario;

const REQUIRED: [&str; 4] = ["alertmanager", "grafana", "node-exporter", "prometheus"];

fn healths(scenario: &Scenario, jobs: &[&str]) -> Vec<String> {
    let targets = scenario.targets();
    let of = |job: &&str| targets.iter().find(|(name, _)| name == job).map(|(_, health)| health.clone());
    jobs.iter().map(|job| of(job).unwrap_or_else(|| "missing".into())).collect()
}

#[test]
fn a_fresh_stack_observes_itself() {
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
fn the_dashboard_and_its_data_source_are_in_grafana() {
    let scenario = scenario("dashboard");
    scenario.succeed(&["up"]);
    let answer = scenario.grafana("/api/dashboards/uid/tdd-main");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["dashboard"]["title"], "Test TDD Project - Main Dashboard");
    let answer = scenario.grafana("/api/datasources/uid/prometheus/health");
    assert_eq!((answer.status, &answer.json()["status"]), (200, &"OK".into()));
}

#[test]
fn status_tells_the_whole_truth_in_json() {
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
fn an_application_that_does_not_run_is_told_with_advice_and_fatal_only_where_required() {
    let scenario = scenario("no-app");
    scenario.succeed(&["init"]);
    // Nobody listens there, whatever runs on this machine.
    scenario.edit("prometheus.yml", "tdd-app:8502", "tdd-app:1");
    scenario.succeed(&["up"]);
    let target = || {
        let status = scenario.succeed(&["status", "--output", "json"]).json();
        let targets = status["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().find(|target| target["job"] == "app-metrics").unwrap_or_default()
    };
    let app = eventually("it was scraped", target, |target| target["health"] == "down");
    assert_eq!((&app["up"], &app["required"]), (&false.into(), &false.into()), "{app}");
    assert!(app["error"].as_str().unwrap().contains("tdd-app:1/"), "{app}");
    assert!(app["hint"].as_str().unwrap().contains("0.0.0.0"), "{app}");
    let strict = scenario.run(&["up", "--require-app", "--wait-timeout", "1s"]);
    strict.exits(6).says("app-metrics is down").says("0.0.0.0");
}

#[test]
fn up_can_wait_until_everything_is_proven_and_ends_with_the_real_files() {
    let scenario = scenario("proven");
    let began = Instant::now();
    let done = scenario.succeed(&["up", "--wait", "proven", "--output", "json"]).json();
    // Prometheus' own discovery takes 5 s, its real intervals would take another 15.
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
fn what_is_proven_stays_proven_while_prometheus_returns_to_the_real_intervals() {
    let scenario = scenario("stays-proven");
    scenario.succeed(&["up", "--wait", "proven"]);
    // It begins with other intervals, so every target and every rule is a new one whose turn comes within 20 s.
    let has_seen_all_again = || {
        let status = scenario.succeed(&["status", "--output", "json"]).json();
        assert_eq!(status["verdict"], "healthy", "{status:#}");
        let is_seen = |found: &serde_json::Value| found["health"] != "unknown";
        let targets = scenario.prometheus("targets?state=active");
        let targets = targets["activeTargets"].as_array().expect("a list").clone();
        let is_real = |target: &serde_json::Value| target["scrapeInterval"] != "1s" && is_seen(target);
        scenario.rules().iter().all(is_seen) && targets.iter().all(is_real)
    };
    eventually("Prometheus has seen all by the real files", has_seen_all_again, |seen| *seen);
    scenario.succeed(&["status", "--wait", "proven", "--wait-timeout", "1s"]);
}

#[test]
fn an_edited_rule_is_healthy_as_soon_as_it_is_loaded_unless_it_fails() {
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
    // It can be parsed, but not be evaluated: both sides have many elements.
    let fails = "expr: up * on () group_left () up > 95";
    scenario.edit("alerts.yml", "expr: memory_usage_percent > 95", fails);
    scenario.succeed(&["up"]);
    let status = scenario.run(&["status", "--output", "json"]).json();
    assert_ne!(status["verdict"], "healthy", "{status:#}");
}

#[test]
fn a_stopped_service_is_seen_and_up_brings_it_back() {
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
fn a_wrong_data_source_is_seen_and_up_mends_it() {
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
fn prometheus_cannot_be_stopped_or_reloaded_by_a_web_page() {
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
fn node_exporter_shows_the_host_and_not_the_container() {
    let scenario = scenario("host");
    scenario.succeed(&["up"]);
    let metrics = http::get(&format!("{}/metrics", scenario.url("node-exporter"))).text;
    let memory: f64 = metrics
        .lines()
        .find_map(|line| line.strip_prefix("node_memory_MemTotal_bytes "))
        .and_then(|value| value.parse().ok())
        .expect("the exporter knows the memory");
    let host = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kilobytes: f64 =
        host.lines().next().and_then(|line| line.split_whitespace().nth(1)).unwrap().parse().unwrap();
    assert!((memory - kilobytes * 1024.0).abs() < 1.0, "{memory} is not {kilobytes} kB");
    assert!(!metrics.lines().any(|line| line.starts_with("node_network_")));
    assert!(metrics.contains(&format!("nodename=\"{}-node-exporter\"", scenario.stack())));
}
