//! Every alert fires, arrives and ends, and a broken stage is named.

use integration_tests::scenario::{Scenario, text};

use crate::scenario;

/// Starts a stack whose alerts go to a port that no other test uses.
fn stack(name: &str) -> Scenario {
    let scenario = scenario(name);
    scenario.succeed(&["init"]);
    scenario.edit(
        "alertmanager.yml",
        "tdd-webhook:5001",
        &format!("tdd-webhook:{}", scenario.reserve_port()),
    );
    scenario.succeed(&["up"]);
    scenario
}

#[test]
fn drill_delivers_every_alert_and_restores_the_files() {
    let scenario = stack("drill");
    let ids = scenario.ids();
    let drill = scenario.run_for(400, &["drill", "all", "--fast", "--output", "json"]);
    drill.exits(0);
    let drill = drill.json();
    let alerts = drill["alerts"].as_array().expect("it is a list");
    assert_eq!(alerts.len(), 12, "{drill}");
    for alert in alerts {
        let stages = alert["stages"].as_object().expect("it is an object");
        let order = ["scraped", "pending", "firing", "alertmanager", "received"];
        let times: Vec<f64> = order.iter().filter_map(|stage| stages.get(*stage)?.as_f64()).collect();
        assert_eq!(times.len(), order.len(), "{alert}");
        assert!(times.is_sorted(), "{alert}");
        assert_eq!(stages.contains_key("resolved"), alert["alert"] != "Watchdog", "{alert}");
    }
    assert_eq!(scenario.ids(), ids);
    scenario.is_converged();
    let config = text(&scenario.prometheus("status/config")["yaml"]);
    assert!(config.contains("scrape_interval: 15s") && !config.contains("drill"), "{config}");
}

#[test]
fn drill_names_the_stage_broken_by_a_wrong_webhook() {
    let scenario = scenario("drill-webhook");
    scenario.succeed(&["init"]);
    scenario.edit("alertmanager.yml", "tdd-webhook:5001", "no-such-receiver:5001");
    scenario.succeed(&["up"]);
    let drill = scenario.run_for(300, &["drill", "MemoryUsageHigh", "--fast"]);
    drill.exits(1).says("MemoryUsageHigh stopped before `received`").says("webhook's address");
    assert!(drill.stdout.contains("never"), "{}", drill.stdout);
    scenario.is_converged();
}

#[test]
fn interrupted_drill_restores_the_files() {
    let scenario = stack("drill-interrupt");
    let running = scenario.spawn(&["drill", "SlowQueries", "--fast"]);
    let changed = || text(&scenario.prometheus("status/config")["yaml"]).contains("drill");
    integration_tests::scenario::eventually("the drill has begun", changed, |changed| *changed);
    running.signal("INT");
    running.finish().exits(130).says("interrupted");
    assert!(!changed());
    scenario.is_converged();
}

#[test]
fn drill_rejects_unknown_alerts_and_missing_stacks() {
    let scenario = scenario("drill-refused");
    scenario.run(&["drill", "Nothing"]).exits(2).says("DatabaseConnectionFailure");
    scenario.run(&["drill"]).exits(1).says("the stack is not up to date").says("tdd-stack up");
    assert_eq!(scenario.objects("container"), [""; 0]);
}
