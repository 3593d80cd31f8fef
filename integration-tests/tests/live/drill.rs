//! Every alert really fires, arrives and ends; what breaks on the way is named.

use integration_tests::scenario::{Scenario, text};

use super::scenario;

/// Brings up a stack whose alerts go to a port that no other test listens on.
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
fn every_alert_fires_arrives_and_ends_and_the_real_files_come_back() {
    let scenario = stack("drill");
    let ids = scenario.ids();
    let drill = scenario.run_for(400, &["drill", "all", "--fast", "--output", "json"]);
    drill.exits(0);
    let drill = drill.json();
    let alerts = drill["alerts"].as_array().expect("a list");
    assert_eq!(alerts.len(), 12, "{drill}");
    for alert in alerts {
        let stages = alert["stages"].as_object().expect("an object");
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
fn a_wrong_webhook_is_the_hop_that_is_named() {
    let scenario = scenario("drill-webhook");
    scenario.succeed(&["init"]);
    scenario.edit("alertmanager.yml", "tdd-webhook:5001", "no-such-receiver:5001");
    scenario.succeed(&["up"]);
    let drill = scenario.run_for(300, &["drill", "MemoryUsageHigh", "--fast"]);
    drill.exits(1).says("MemoryUsageHigh stopped before `received`").says("webhook's address");
    assert!(drill.stdout.contains("NEVER"), "{}", drill.stdout);
    scenario.is_converged();
}

#[test]
fn an_interrupted_drill_puts_the_real_files_back() {
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
fn only_a_settled_stack_and_a_known_alert_are_drilled() {
    let scenario = scenario("drill-refused");
    scenario.run(&["drill", "Nothing"]).exits(2).says("DatabaseConnectionFailure");
    scenario.run(&["drill"]).exits(1).says("the stack is not as it should be").says("tdd-stack up");
    assert_eq!(scenario.objects("container"), [""; 0]);
}
