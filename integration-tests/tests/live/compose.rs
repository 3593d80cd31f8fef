//! Compose v2 lists the stack, and the shipped compose file creates an equivalent one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use integration_tests::http;
use integration_tests::scenario::{SERVICES, Scenario, docker, eventually, variable};
use serde_json::Value;

use crate::scenario;

fn compose(arguments: &[&str]) -> String {
    let output = Command::new(variable("TDD_TEST_COMPOSE"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run compose: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "compose {arguments:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn compose_lists_the_four_services() {
    let scenario = scenario("compose-ps");
    scenario.succeed(&["up"]);
    let listed = compose(&["-p", scenario.stack(), "ps", "--format", "{{.Service}}"]);
    let mut services: Vec<&str> = listed.lines().collect();
    services.sort_unstable();
    let mut expected = SERVICES;
    expected.sort_unstable();
    assert_eq!(services, expected);
}

/// The stack of the shipped compose file, with unique names and ports.
struct ComposeStack {
    project: String,
    files: [PathBuf; 2],
}

impl ComposeStack {
    fn up(scenario: &Scenario) -> Self {
        let project = format!("{}-compose", scenario.stack());
        let service = |(service, port): (&str, u16)| {
            format!(
                "  {service}:\n    image: {}\n    container_name: {project}-{service}\n    \
                 ports: !override [\"127.0.0.1::{port}\"]\n",
                Scenario::image(service)
            )
        };
        let ports =
            [("prometheus", 9090), ("grafana", 3000), ("node-exporter", 9100), ("alertmanager", 9093)];
        let services = ports.map(service).concat();
        let volume = |service| format!("  {service}_data:\n    name: {project}_{service}_data\n");
        let volumes = ["prometheus", "grafana", "alertmanager"].map(volume).concat();
        let names = format!(
            "services:\n{services}volumes:\n{volumes}networks:\n  monitoring:\n    name: {project}-monitoring\n"
        );
        let other = scenario.folder().join("names.yml");
        std::fs::write(&other, names).expect("the file is writable");
        let stack = Self { project, files: [scenario.file("docker-compose.monitoring.yml"), other] };
        stack.run(&["up", "--detach", "--quiet-pull"]);
        stack
    }

    fn run(&self, arguments: &[&str]) -> String {
        let files = self.files.each_ref().map(|file| file.to_str().expect("the paths are UTF-8"));
        compose(&[&["-p", &self.project, "-f", files[0], "-f", files[1]], arguments].concat())
    }

    fn url(&self, service: &str) -> String {
        let ports = docker(&["port", &format!("{}-{service}", self.project)]);
        let address = ports.lines().next().and_then(|line| line.split(" -> ").nth(1));
        format!("http://{}", address.expect("the port is published"))
    }

    fn inspect(&self, service: &str) -> Value {
        let text = docker(&["inspect", &format!("{}-{service}", self.project)]);
        serde_json::from_str::<Value>(&text).expect("inspect prints JSON")[0].take()
    }
}

impl Drop for ComposeStack {
    fn drop(&mut self) {
        self.run(&["down", "--volumes"]);
    }
}

#[test]
fn shipped_compose_file_creates_an_equivalent_stack() {
    let scenario = scenario("compose-up");
    scenario.succeed(&["up"]);
    let stack = ComposeStack::up(&scenario);
    for service in SERVICES {
        let (ours, theirs) = (scenario.inspect(service), stack.inspect(service));
        for key in ["Image", "Entrypoint"] {
            assert_eq!(ours["Config"][key], theirs["Config"][key], "{service} {key}");
        }
        for key in ["ReadonlyRootfs", "CapDrop", "RestartPolicy", "LogConfig", "Memory", "PidsLimit"] {
            assert_eq!(ours["HostConfig"][key], theirs["HostConfig"][key], "{service} {key}");
        }
        let ports = theirs["NetworkSettings"]["Ports"].to_string();
        assert!(ports.contains("127.0.0.1") && !ports.contains("0.0.0.0"), "{service}: {ports}");
    }
    let jobs = || {
        let targets = http::get(&format!("{}/api/v1/targets?state=active", stack.url("prometheus"))).json();
        let targets = targets["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let mut up: Vec<String> = targets
            .iter()
            .filter(|target| target["health"] == "up")
            .map(|target| target["labels"]["job"].as_str().unwrap_or_default().to_string())
            // An application may run on this machine.
            .filter(|job| !job.contains("app"))
            .collect();
        up.sort_unstable();
        up
    };
    let wanted = ["alertmanager", "grafana", "node-exporter", "prometheus"].map(String::from);
    eventually("the stack observes itself", jobs, |up| *up == wanted);
    let dashboard = || {
        let url = format!("{}/api/dashboards/uid/tdd-main", stack.url("grafana"));
        http::request("GET", &url, Some(http::ADMIN), None).status
    };
    eventually("the dashboard is provisioned", dashboard, |status| *status == 200);
    let url = format!("{}/api/datasources/uid/prometheus/health", stack.url("grafana"));
    assert_eq!(http::request("GET", &url, Some(http::ADMIN), None).json()["status"], "OK");
}
