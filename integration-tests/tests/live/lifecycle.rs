//! The life of a stack from `up` to `down`, as the engine sees it.

use integration_tests::scenario::{SERVICES, Scenario, docker, operations};
use serde_json::Value;

use crate::scenario;

fn volumes(scenario: &Scenario, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{}_{name}", scenario.stack())).collect()
}

#[test]
fn up_creates_four_services_a_network_and_volumes() {
    let scenario = scenario("objects");
    scenario.succeed(&["up"]);
    let mut containers = SERVICES.map(|service| scenario.container(service));
    containers.sort_unstable();
    assert_eq!(scenario.objects("container"), containers);
    assert_eq!(scenario.objects("network"), [format!("{}-monitoring", scenario.stack())]);
    let expected = [
        "alertmanager_config",
        "alertmanager_data",
        "grafana_config",
        "grafana_data",
        "prometheus_config",
        "prometheus_data",
    ];
    assert_eq!(scenario.objects("volume"), volumes(&scenario, &expected));
}

#[test]
fn configuration_is_uploaded_not_mounted() {
    let scenario = scenario("upload");
    scenario.succeed(&["up"]);
    for service in ["prometheus", "grafana", "alertmanager"] {
        let mounts = scenario.inspect(service)["Mounts"].take();
        let kinds: Vec<&Value> = mounts.as_array().unwrap().iter().map(|mount| &mount["Type"]).collect();
        assert!(kinds.iter().all(|kind| *kind == "volume"), "{service}: {mounts}");
    }
    let container = scenario.container("prometheus");
    let owner = docker(&["exec", &container, "stat", "-c", "%U %a", "/etc/prometheus/prometheus.yml"]);
    assert_eq!(owner.trim(), "root 644");
    let sources: Vec<String> = scenario.inspect("node-exporter")["Mounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| format!("{} {}", mount["Source"].as_str().unwrap(), mount["RW"]))
        .collect();
    assert!(
        ["/ false", "/proc false", "/sys false"].iter().all(|mount| sources.contains(&mount.to_string()))
    );
}

#[test]
fn second_up_changes_nothing_and_prints_one_line() {
    let scenario = scenario("twice");
    scenario.succeed(&["up"]);
    let (ids, started) = (scenario.ids(), scenario.started());
    let second = scenario.succeed(&["up"]);
    assert_eq!(second.stdout.lines().count(), 1, "{}", second.stdout);
    assert!(second.stdout.contains("is up to date"), "{}", second.stdout);
    assert_eq!(second.stderr, "");
    assert_eq!((scenario.ids(), scenario.started()), (ids, started));
    scenario.is_converged();
}

#[test]
fn dry_run_and_plan_are_equal_without_changes() {
    let scenario = scenario("dry");
    let dry = scenario.succeed(&["up", "--dry-run"]);
    let plan = scenario.plan(&[]);
    assert_eq!(plan.code, 10);
    assert_eq!(dry.stdout, plan.stdout);
    for kind in ["container", "network", "volume"] {
        assert_eq!(scenario.objects(kind), [""; 0]);
    }
    assert!(!scenario.folder().join("config").exists());
}

#[test]
fn up_does_what_plan_shows() {
    let scenario = scenario("exact");
    let planned = scenario.succeed(&["plan", "--output", "json"]).json();
    let done = scenario.succeed(&["up", "--output", "json"]).json();
    assert_eq!(planned["operations"], done["operations"]);
    let timed = done["timings"].as_array().unwrap().len();
    assert_eq!(timed, planned["operations"].as_array().unwrap().len());
}

#[test]
fn down_keeps_data_for_the_next_up() {
    let scenario = scenario("data");
    scenario.succeed(&["up"]);
    scenario.succeed(&["down"]);
    assert_eq!(scenario.objects("container"), [""; 0]);
    assert_eq!(scenario.objects("network"), [""; 0]);
    let data = ["alertmanager_data", "grafana_data", "prometheus_data"];
    assert_eq!(scenario.objects("volume"), volumes(&scenario, &data));
    let again = scenario.succeed(&["up", "--output", "json"]).json();
    let done = operations(&again);
    assert!(done.contains(&"start".to_string()), "{done:?}");
}

#[test]
fn down_with_volumes_removes_everything_without_files() {
    let scenario = scenario("gone");
    scenario.succeed(&["up"]);
    std::fs::remove_dir_all(scenario.folder().join("config")).unwrap();
    scenario.succeed(&["down", "--volumes"]);
    for kind in ["container", "network", "volume"] {
        assert_eq!(scenario.objects(kind), [""; 0]);
    }
    let again = scenario.succeed(&["down", "--volumes"]);
    assert!(again.stdout.contains("nothing to remove"), "{}", again.stdout);
}

#[test]
fn two_stacks_coexist() {
    let (one, other) = (scenario("one"), scenario("other"));
    one.succeed(&["up"]);
    other.succeed(&["up"]);
    one.succeed(&["down", "--volumes"]);
    assert_eq!(other.objects("container").len(), 4);
    other.is_converged();
}

#[test]
fn logs_prefix_each_line_with_its_service() {
    let scenario = scenario("logs");
    scenario.succeed(&["up"]);
    let all = scenario.succeed(&["logs", "--tail", "50"]);
    for service in ["prometheus", "alertmanager", "node-exporter"] {
        assert!(all.stdout.lines().any(|line| line.starts_with(service)), "{service}: {}", all.stdout);
    }
    let one = scenario.succeed(&["logs", "alertmanager", "--tail", "1"]);
    assert_eq!(one.stdout.lines().count(), 1, "{}", one.stdout);
    assert_eq!(scenario.run(&["logs", "loki"]).code, 2);
}
