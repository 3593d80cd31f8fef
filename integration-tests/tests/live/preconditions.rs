//! A doctor finds what keeps a stack from coming up, or from staying up, and changes nothing.

use std::net::TcpListener;

use integration_tests::scenario::{Scenario, docker};

use super::doctor::{expect, finding};
use super::scenario;

#[test]
fn before_anything_runs_the_engine_and_this_machine_are_looked_at_and_nothing_is_made() {
    let scenario = scenario("before");
    let output = scenario.succeed(&["doctor", "--output", "json"]).json();
    for (check, what) in [
        ("engine", "Docker Engine"),
        ("api", "at least 1.41"),
        ("disk", "free"),
        ("image", "all 4 are present"),
        ("port", "are free"),
        ("folder", "does not exist yet"),
        ("service", "does not exist yet"),
    ] {
        expect(&finding(&output, check, None), "ok", what, "");
    }
    for kind in ["container", "network", "volume"] {
        assert_eq!(scenario.objects(kind), [""; 0]);
    }
    assert!(!scenario.folder().join("config").exists());
}

#[test]
fn what_keeps_a_stack_from_coming_up_is_told_at_once() {
    let scenario = scenario("hindered");
    scenario.succeed(&["init"]);
    scenario.edit("alerts.yml", "groups:", "groups: [");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ports = format!("prometheus={port},grafana=auto,node-exporter=auto,alertmanager=auto");
    let image = format!("grafana={}/grafana/grafana:0.0.0", scenario.registry());
    let output = scenario.run_on(&ports, &["doctor", "--image", &image, "--output", "json"]);
    output.exits(1);
    let document = output.json();
    assert_eq!(document["ok"], false);
    let program = format!("process {}", std::process::id());
    expect(&finding(&document, "port", Some("prometheus")), "error", &program, "--port prometheus=auto");
    expect(&finding(&document, "image", Some("grafana")), "error", "grafana:0.0.0", "--registry HOST");
    expect(&finding(&document, "file", Some("alerts.yml")), "error", "alerts.yml:", "tdd-stack init --force");
}

#[test]
fn an_image_that_only_its_registry_has_is_no_fault() {
    let scenario = scenario("pullable");
    let source = Scenario::image("alertmanager");
    let own = format!("{}/tdd-stack-test/alertmanager:{}", scenario.registry(), scenario.stack());
    docker(&["pull", "--quiet", &source]);
    docker(&["tag", &source, &own]);
    docker(&["push", "--quiet", &own]);
    docker(&["rmi", &own]);
    let image = format!("alertmanager={own}");
    let output = scenario.succeed(&["doctor", "--image", &image, "--output", "json"]).json();
    expect(&finding(&output, "image", Some("alertmanager")), "ok", "its registry has it", "");
}

#[test]
fn an_engine_that_is_not_there_is_a_finding_and_no_crash() {
    let scenario = scenario("no-engine");
    let output = scenario.run(&["doctor", "--host", "unix:///nowhere.sock", "--output", "json"]);
    output.exits(1);
    expect(&finding(&output.json(), "engine", None), "error", "unix:///nowhere.sock", "start Docker");
}

#[test]
fn a_service_that_stopped_is_bad() {
    let scenario = scenario("stopped-one");
    scenario.succeed(&["up"]);
    docker(&["stop", &scenario.container("alertmanager")]);
    let output = scenario.run(&["doctor", "--output", "json"]);
    output.exits(1);
    let found = finding(&output.json(), "service", Some("alertmanager"));
    expect(&found, "error", "is not running: exited", "tdd-stack logs alertmanager");
}
