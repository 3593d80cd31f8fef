//! Conflicts with objects of others change nothing.

use std::net::TcpListener;

use integration_tests::scenario::{Scenario, docker, remove_all};

use crate::scenario;

fn is_not_created(scenario: &Scenario) {
    for kind in ["container", "network", "volume"] {
        assert_eq!(scenario.objects(kind), [""; 0]);
    }
    assert!(!scenario.folder().join("config").exists());
}

#[test]
fn port_taken_by_a_program_names_the_program() {
    let scenario = scenario("port");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ports = format!("prometheus={port},grafana=auto,node-exporter=auto,alertmanager=auto");
    let output = scenario.run_on(&ports, &["up"]);
    output.exits(4);
    output.says(&format!("port {port} of `prometheus` is taken"));
    output.says(&format!("process {}", std::process::id()));
    output.says("hint:");
    is_not_created(&scenario);
}

#[test]
fn port_taken_by_a_container_names_the_container() {
    let (scenario, other) = (scenario("port-two"), scenario("port-one"));
    other.succeed(&["up"]);
    let url = other.url("prometheus");
    let port = url.rsplit_once(':').unwrap().1;
    let ports = format!("prometheus={port},grafana=auto,node-exporter=auto,alertmanager=auto");
    let output = scenario.run_on(&ports, &["up"]);
    output.exits(4);
    output.says(&other.container("prometheus"));
    is_not_created(&scenario);
}

#[test]
fn foreign_container_with_own_name_is_not_touched() {
    let scenario = scenario("foreign");
    let label = format!("tdd-stack.test={}", scenario.stack());
    let image = Scenario::image("node-exporter");
    let name = scenario.container("grafana");
    let foreign = Foreign(label);
    docker(&["create", "--pull", "missing", "--name", &name, "--label", &foreign.0, &image]);
    let before = docker(&["inspect", &name]);
    let output = scenario.run(&["up"]);
    output.exits(4);
    output.says(&format!("container `{name}`"));
    is_not_created(&scenario);
    scenario.succeed(&["down", "--volumes"]);
    assert_eq!(docker(&["inspect", &name]), before);
}

/// Objects that a test created next to the stack.
struct Foreign(String);

impl Drop for Foreign {
    fn drop(&mut self) {
        remove_all(&self.0);
    }
}
