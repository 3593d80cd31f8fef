//! What fails, fails at once, with the evidence.

use std::time::{Duration, Instant};

use integration_tests::scenario::Scenario;

use crate::scenario;

#[test]
fn a_service_that_exits_ends_the_wait_with_its_last_log_lines() {
    let scenario = scenario("dies");
    // It has no Alertmanager.
    let image = format!("alertmanager={}", Scenario::image("node-exporter"));
    let began = Instant::now();
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    output.says("`alertmanager` exited with code");
    output.says("alertmanager: not found");
    output.says("tdd-stack logs alertmanager");
    assert_eq!(scenario.objects("container").len(), 4, "the diagnostics are kept");
    scenario.succeed(&["up"]);
}

#[test]
fn an_image_that_is_nowhere_fails_before_anything_is_made() {
    let scenario = scenario("nowhere");
    let image = format!("grafana={}/grafana/grafana:0.0.0", scenario.registry());
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1);
    output.says("grafana/grafana:0.0.0");
    output.says("hint:");
    assert!(!scenario.objects("container").contains(&scenario.container("grafana")));
}

#[test]
fn a_service_that_is_late_is_named_at_the_deadline() {
    let scenario = scenario("late");
    // It answers on another port, so that nobody listens where readiness is asked for.
    let image = format!("node-exporter={}", Scenario::image("grafana"));
    let output = scenario.run(&["up", "--image", &image, "--wait-timeout", "2s"]);
    assert!(matches!(output.code, 1 | 5), "{}", output.stderr);
    output.says("`node-exporter`");
}
