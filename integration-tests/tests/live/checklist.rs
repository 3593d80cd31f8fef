//! The verification checklist of the specification, one test per item.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use integration_tests::scenario::{Scenario, variable};
use serde_json::Value;

use crate::scenario;

/// The seven files of the specification.
const FILES: [&str; 7] = [
    "prometheus.yml",
    "alerts.yml",
    "grafana_dashboards.json",
    "docker-compose.monitoring.yml",
    "alertmanager.yml",
    "logging_config.yaml",
    "README.md",
];

fn initialised(name: &str) -> Scenario {
    let scenario = scenario(name);
    scenario.succeed(&["init"]);
    scenario
}

fn yaml(scenario: &Scenario, name: &str) -> serde_yaml::Value {
    let text = std::fs::read_to_string(scenario.file(name)).expect("the file exists");
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("it is a list");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no `{name}` in {report}"))
}

#[test]
fn init_creates_all_configuration_files() {
    let scenario = initialised("list-files");
    for file in FILES {
        let path = scenario.folder().join("config/monitoring").join(file);
        assert!(std::fs::metadata(&path).unwrap().len() > 0, "{file} is empty");
    }
}

#[test]
fn prometheus_configuration_is_valid() {
    let scenario = initialised("list-prometheus");
    let report = scenario.succeed(&["check", "--output", "json"]).json();
    for name in
        ["promtool check config", "promtool check rules", "promtool test rules", "amtool check-config"]
    {
        assert_eq!(check(&report, name)["ok"], true);
    }
}

#[test]
fn grafana_dashboard_json_is_valid() {
    let scenario = initialised("list-dashboard");
    let text = std::fs::read_to_string(scenario.file("grafana_dashboards.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dashboard["uid"], "tdd-main");
    let titles: Vec<&str> =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["title"].as_str()).collect();
    let wanted =
        ["Application Health", "Database Connections", "Response Times", "Error Rate", "TDD Metrics"];
    for title in wanted {
        assert!(titles.contains(&title), "{title} is not in {titles:?}");
    }
    let report = scenario.succeed(&["check", "--output", "json"]).json();
    assert_eq!(check(&report, "dashboard tdd-main")["ok"], true);
}

#[test]
fn compose_file_is_valid() {
    let scenario = initialised("list-compose");
    let file = scenario.file("docker-compose.monitoring.yml");
    let output = Command::new(variable("TDD_TEST_COMPOSE"))
        .args([Path::new("-f"), &file])
        .args(["config", "--quiet"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn alert_rules_cover_database_application_and_performance() {
    let scenario = initialised("list-alerts");
    let rules = yaml(&scenario, "alerts.yml");
    let groups = rules["groups"].as_sequence().unwrap();
    for (group, alerts) in [
        ("database_alerts", ["DatabaseConnectionFailure", "SlowQueries"].as_slice()),
        ("application_alerts", &["HighErrorRate", "MemoryUsageHigh"]),
        ("performance_alerts", &["ResponseTimeHigh"]),
    ] {
        let found = groups.iter().find(|found| found["name"] == group).unwrap();
        let names: Vec<&str> =
            found["rules"].as_sequence().unwrap().iter().filter_map(|rule| rule["alert"].as_str()).collect();
        assert!(alerts.iter().all(|alert| names.contains(alert)), "{group}: {names:?}");
    }
}

#[test]
fn logging_configuration_writes_structured_logs() {
    let scenario = initialised("list-logging");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/check_logging.py");
    let output = Command::new(variable("TDD_TEST_PYTHON"))
        .arg("-Werror")
        .arg(script)
        .arg(scenario.folder().join("config/monitoring"))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.lines().count() >= 5, "{stdout}");
}

#[test]
fn shipped_readme_has_setup_commands() {
    let scenario = initialised("list-readme");
    let text = std::fs::read_to_string(scenario.file("README.md")).unwrap();
    for words in ["tdd-stack up", "tdd-stack down", "docker compose -f", "http://localhost:3000", "admin123"]
    {
        assert!(text.contains(words), "the README does not say `{words}`");
    }
    // Each verb in the text must exist in the program.
    let after = text.split("`tdd-stack ").skip(1).filter_map(|rest| rest.split(['`', ' ']).next());
    let verbs: BTreeSet<&str> = after.filter(|word| word.starts_with(char::is_alphabetic)).collect();
    assert!(verbs.contains("up"), "{verbs:?}");
    for verb in verbs {
        scenario.run_on("grafana=auto", &[verb, "--help"]).exits(0);
    }
}
