//! Failures are reported at once, with their cause.

use std::time::{Duration, Instant};

use integration_tests::scenario::Scenario;

use crate::scenario;

#[test]
fn exited_service_ends_the_wait_with_its_log() {
    let scenario = scenario("dies");
    // The image of node-exporter has no Alertmanager.
    let image = format!("alertmanager={}", Scenario::image("node-exporter"));
    let began = Instant::now();
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    output.says("`alertmanager` exited with code");
    output.says("alertmanager: not found");
    output.says("tdd-stack logs alertmanager");
    assert_eq!(scenario.objects("container").len(), 4, "a container was removed");
    scenario.succeed(&["up"]);
}

#[test]
fn missing_image_fails_before_its_container_is_created() {
    let scenario = scenario("nowhere");
    let image = format!("grafana={}/grafana/grafana:0.0.0", scenario.registry());
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1);
    output.says("grafana/grafana:0.0.0");
    output.says("hint:");
    assert!(!scenario.objects("container").contains(&scenario.container("grafana")));
}

#[test]
fn service_that_never_gets_ready_is_named() {
    let scenario = scenario("late");
    // Grafana's image serves another port, so nothing answers the readiness probe.
    let image = format!("node-exporter={}", Scenario::image("grafana"));
    let output = scenario.run(&["up", "--image", &image, "--wait-timeout", "2s"]);
    assert!(matches!(output.code, 1 | 5), "{}", output.stderr);
    output.says("`node-exporter`");
}
