//! Images really come from the registry, with their progress.

use integration_tests::scenario::{Scenario, docker};
use serde_json::Value;

use crate::scenario;

#[test]
fn a_missing_image_is_pulled_and_its_layers_are_told() {
    let scenario = scenario("pull");
    let source = Scenario::image("alertmanager");
    // A name of its own, so that no other scenario misses the image.
    let own = format!("{}/tdd-stack-test/alertmanager:{}", scenario.registry(), scenario.stack());
    docker(&["pull", "--quiet", &source]);
    docker(&["tag", &source, &own]);
    docker(&["push", "--quiet", &own]);
    docker(&["rmi", &own]);
    let output = scenario.succeed(&["up", "--image", &format!("alertmanager={own}"), "--progress", "json"]);
    let events: Vec<Value> =
        output.stderr.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let is_pull = |event: &&Value| event["operation"] == "pull" && event["target"] == own.as_str();
    let pulled: Vec<&Value> = events.iter().filter(is_pull).collect();
    let words: Vec<&str> = pulled.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(words.first(), Some(&"started"));
    assert_eq!(words.last(), Some(&"finished"));
    assert!(words.contains(&"layer"), "{words:?}");
    docker(&["image", "inspect", &own]);
    scenario.succeed(&["down", "--volumes"]);
    docker(&["rmi", &own]);
}

#[test]
fn never_pulling_names_the_missing_image_and_makes_nothing() {
    let scenario = scenario("never");
    let image = format!("grafana={}/grafana/grafana:0.0.0", scenario.registry());
    let output = scenario.run(&["up", "--pull", "never", "--image", &image]);
    output.exits(1);
    output.says("grafana/grafana:0.0.0");
    assert_eq!(scenario.objects("network"), [""; 0]);
}

#[test]
fn always_pulling_an_image_that_is_the_same_changes_nothing() {
    let scenario = scenario("always");
    scenario.succeed(&["up"]);
    let ids = scenario.ids();
    let again = scenario.succeed(&["up", "--pull", "always", "--output", "json"]).json();
    let operations = again["operations"].as_array().unwrap();
    assert!(operations.iter().all(|operation| operation["operation"] == "pull"), "{operations:?}");
    assert_eq!(operations.len(), 4);
    assert_eq!(scenario.ids(), ids);
}
