//! Edited files are applied with the smallest change, and faulty ones never are.

use integration_tests::scenario::{Scenario, eventually, operations, text};

use crate::scenario;

fn threshold(scenario: &Scenario) -> String {
    let rules = scenario.rules();
    let rule = rules.iter().find(|rule| rule["name"] == "MemoryUsageHigh");
    rule.map(|rule| text(&rule["query"])).unwrap_or_default()
}

#[test]
fn edited_rule_is_reloaded_without_restart() {
    let scenario = scenario("edited");
    scenario.succeed(&["up"]);
    let (ids, started) = (scenario.ids(), scenario.started());
    assert_eq!(threshold(&scenario), "memory_usage_percent > 90");
    scenario.edit("alerts.yml", "memory_usage_percent > 90", "memory_usage_percent > 95");
    let again = scenario.succeed(&["up", "--output", "json"]).json();
    assert_eq!(operations(&again), ["check", "check", "upload", "reload"]);
    assert_eq!(threshold(&scenario), "memory_usage_percent > 95");
    assert_eq!((scenario.ids(), scenario.started()), (ids, started));
    let status = scenario.succeed(&["status", "--output", "json"]).json();
    assert_eq!(status["edited"], serde_json::json!(["alerts.yml"]));
    scenario.is_converged();
}

#[test]
fn invalid_rule_names_file_and_line_and_changes_nothing() {
    let scenario = scenario("broken");
    scenario.succeed(&["up"]);
    let (ids, started) = (scenario.ids(), scenario.started());
    let rules = std::fs::read_to_string(scenario.file("alerts.yml")).unwrap();
    let line = rules.lines().position(|line| line.contains("memory_usage_percent > 90")).unwrap() + 1;
    scenario.edit("alerts.yml", "memory_usage_percent > 90", "memory_usage_percent >");
    for verb in ["check", "up"] {
        let output = scenario.run(&[verb]);
        output.exits(1);
        let place = format!("config/monitoring/alerts.yml:{line}: ");
        assert!(output.stderr.contains(&place), "{verb}: {place} is not in {}", output.stderr);
        output.says("parse error");
    }
    assert_eq!(threshold(&scenario), "memory_usage_percent > 90");
    assert_eq!((scenario.ids(), scenario.started()), (ids, started));
    assert_eq!(scenario.objects("container").len(), 4);
}

#[test]
fn invalid_alertmanager_file_is_rejected() {
    let scenario = scenario("broken-am");
    scenario.succeed(&["up"]);
    scenario.edit("alertmanager.yml", "receiver: tdd-webhook", "receiver: nobody");
    let output = scenario.run(&["up"]);
    output.exits(1);
    output.says("config/monitoring/alertmanager.yml:");
    output.says("nobody");
}

#[test]
fn edited_dashboard_is_only_imported() {
    let scenario = scenario("panel");
    scenario.succeed(&["up"]);
    scenario.edit("grafana_dashboards.json", "\"Response Times\"", "\"How fast it is\"");
    let again = scenario.succeed(&["up", "--output", "json"]).json();
    assert_eq!(operations(&again), ["import-dashboard"]);
    let body = scenario.grafana("/api/dashboards/uid/tdd-main").json();
    assert!(body["dashboard"]["panels"].to_string().contains("How fast it is"));
}

#[test]
fn invalid_dashboard_is_rejected() {
    let scenario = scenario("broken-panel");
    scenario.succeed(&["init"]);
    scenario.edit("grafana_dashboards.json", "\"timeseries\"", "\"graph\"");
    for verb in ["check", "up"] {
        let output = scenario.run(&[verb]);
        output.exits(1);
        output.says("grafana_dashboards.json:");
        output.says("use `timeseries`");
    }
    assert_eq!(scenario.objects("container"), [""; 0]);
}

#[test]
fn changed_environment_replaces_only_prometheus() {
    let scenario = scenario("setting");
    scenario.succeed(&["up"]);
    let before = scenario.ids();
    scenario.succeed(&["up", "--environment", "staging"]);
    let after = scenario.ids();
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, [true, false, false, false]);
    let label = || text(&scenario.prometheus("status/config")["yaml"]).contains("environment: staging");
    eventually("the label has the new value", label, |is_new| *is_new);
}

#[test]
fn edited_file_is_replaced_only_by_force_with_backup() {
    let scenario = scenario("kept");
    scenario.succeed(&["init"]);
    let shipped = std::fs::read_to_string(scenario.file("alerts.yml")).unwrap();
    scenario.edit("alerts.yml", "memory_usage_percent > 90", "memory_usage_percent > 95");
    let edited = std::fs::read_to_string(scenario.file("alerts.yml")).unwrap();
    scenario.succeed(&["init"]);
    scenario.succeed(&["up"]);
    assert_eq!(std::fs::read_to_string(scenario.file("alerts.yml")).unwrap(), edited);
    scenario.succeed(&["init", "--force"]);
    assert_eq!(std::fs::read_to_string(scenario.file("alerts.yml")).unwrap(), shipped);
    assert_eq!(std::fs::read_to_string(scenario.file("alerts.yml.bak-1")).unwrap(), edited);
}
