//! Images are pulled from the registry with progress.

use integration_tests::scenario::docker;
use serde_json::Value;

use crate::scenario;

#[test]
fn missing_image_is_pulled_with_layer_progress() {
    let scenario = scenario("pull");
    let own = scenario.push_own_image("alertmanager");
    let output = scenario.succeed(&["up", "--image", &format!("alertmanager={own}"), "--progress", "json"]);
    let events: Vec<Value> = output
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object per line"))
        .collect();
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
fn pull_never_names_the_missing_image() {
    let scenario = scenario("never");
    let image = format!("grafana={}/grafana/grafana:0.0.0", scenario.registry());
    let output = scenario.run(&["up", "--pull", "never", "--image", &image]);
    output.exits(1);
    output.says("grafana/grafana:0.0.0");
    assert_eq!(scenario.objects("network"), [""; 0]);
}

#[test]
fn pull_always_of_same_images_changes_nothing() {
    let scenario = scenario("always");
    scenario.succeed(&["up"]);
    let ids = scenario.ids();
    let again = scenario.succeed(&["up", "--pull", "always", "--output", "json"]).json();
    let operations = again["operations"].as_array().unwrap();
    assert!(operations.iter().all(|operation| operation["operation"] == "pull"), "{operations:?}");
    assert_eq!(operations.len(), 4);
    assert_eq!(scenario.ids(), ids);
}
