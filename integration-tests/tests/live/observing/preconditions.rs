//! `doctor` finds what prevents a stack from starting or running, and changes nothing.

use std::net::TcpListener;

use integration_tests::scenario::docker;

use super::doctor::{expect, finding};
use crate::scenario;

#[test]
fn doctor_before_first_up_changes_nothing() {
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
fn doctor_reports_everything_that_prevents_up() {
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
fn pullable_image_is_good() {
    let scenario = scenario("pullable");
    let own = scenario.push_own_image("alertmanager");
    let image = format!("alertmanager={own}");
    let output = scenario.succeed(&["doctor", "--image", &image, "--output", "json"]).json();
    expect(&finding(&output, "image", Some("alertmanager")), "ok", "its registry has it", "");
}

#[test]
fn unreachable_engine_is_a_finding() {
    let scenario = scenario("no-engine");
    let output = scenario.run(&["doctor", "--host", "unix:///nowhere.sock", "--output", "json"]);
    output.exits(1);
    expect(&finding(&output.json(), "engine", None), "error", "unix:///nowhere.sock", "start Docker");
}

#[test]
fn stopped_service_is_bad() {
    let scenario = scenario("stopped-one");
    scenario.succeed(&["up"]);
    docker(&["stop", &scenario.container("alertmanager")]);
    let output = scenario.run(&["doctor", "--output", "json"]);
    output.exits(1);
    let found = finding(&output.json(), "service", Some("alertmanager"));
    expect(&found, "error", "is not running: exited", "tdd-stack logs alertmanager");
}
