//! `tdd-stack up` against an engine without faults: what it creates and what it does not touch.

use std::collections::BTreeMap;

use fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};
use tdd_stack::model::stack::LOADED_CHECKSUM;

const SERVICES: [&str; 4] = ["alertmanager", "grafana", "node-exporter", "prometheus"];

/// Returns the position of the first request with this beginning.
fn place(requests: &[String], beginning: &str) -> usize {
    requests
        .iter()
        .position(|request| request.starts_with(beginning))
        .unwrap_or_else(|| panic!("no request begins with `{beginning}`: {requests:#?}"))
}

fn labels(scene: &Scene, container: &str) -> BTreeMap<String, String> {
    let labels = scene.engine.specification(container)["Labels"].clone();
    serde_json::from_value(labels).expect("labels are texts")
}

#[test]
fn first_up_creates_exactly_the_documented_objects() {
    let scene = Scene::new(program!());
    scene.run(["up"]).exits(0);
    let running = SERVICES.map(|service| (format!("tdd-{service}"), Phase::Running));
    assert_eq!(scene.engine.containers(), running.into());
    assert_eq!(scene.engine.networks(), ["tdd-monitoring"]);
    assert_eq!(
        scene.engine.volumes(),
        [
            "tdd_alertmanager_config",
            "tdd_alertmanager_data",
            "tdd_grafana_config",
            "tdd_grafana_data",
            "tdd_prometheus_config",
            "tdd_prometheus_data"
        ]
    );
    assert_eq!(
        scene.engine.images(),
        [
            "grafana/grafana:13.1.7",
            "prom/alertmanager:v0.34.0",
            "prom/node-exporter:v1.12.1",
            "prom/prometheus:v3.13.4"
        ]
    );
}

#[test]
fn ports_are_published_on_loopback_by_default() {
    let scene = Scene::with_images(program!());
    let ports = SERVICES.map(|service| format!("--port={service}=auto"));
    scene.bare().args(["up"]).args(ports).run().exits(0);
    for service in SERVICES {
        let container = format!("tdd-{service}");
        let bindings = scene.engine.specification(&container)["HostConfig"]["PortBindings"].clone();
        let all: Vec<&Value> = bindings.as_object().expect("there are bindings").values().collect();
        assert!(all.iter().all(|binding| binding[0]["HostIp"] == "127.0.0.1"), "{service}: {bindings}");
        assert_eq!(all.len(), 1, "{service}: {bindings}");
        let address = scene.engine.address(&container).expect("the port is published");
        assert_eq!(address.ip().to_string(), "127.0.0.1");
    }
}

#[test]
fn default_ports_are_the_documented_ones() {
    let scene = Scene::with_images(program!());
    scene.bare().env("TDD_STACK_BIND", scene.address().to_string()).args(["up"]).run().exits(0);
    let ports =
        SERVICES.map(|service| scene.engine.address(&format!("tdd-{service}")).map(|found| found.port()));
    assert_eq!(ports, [Some(9093), Some(3000), Some(9100), Some(9090)]);
}

#[test]
fn every_object_has_stack_and_compose_labels() {
    let scene = Scene::after_up(program!());
    for service in SERVICES {
        let labels = labels(&scene, &format!("tdd-{service}"));
        assert_eq!(labels["tdd-stack.stack"], "tdd");
        assert_eq!(labels["tdd-stack.service"], service);
        assert_eq!(labels["tdd-stack.spec"].len(), 64);
        assert_eq!(labels["tdd-stack.version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(labels["com.docker.compose.project"], "tdd");
        assert_eq!(labels["com.docker.compose.service"], service);
    }
    for object in scene.engine.networks().into_iter().chain(scene.engine.volumes()) {
        let labels = scene.engine.labels(&object);
        assert_eq!(labels["tdd-stack.stack"], "tdd", "{object}");
        assert_eq!(labels["com.docker.compose.project"], "tdd", "{object}");
    }
    let kinds = ["tdd_grafana_data", "tdd_prometheus_config"]
        .map(|volume| scene.engine.labels(volume)["tdd-stack.volume"].clone());
    assert_eq!(kinds, [json!("data"), json!("config")]);
}

#[test]
fn containers_have_minimal_privileges() {
    let scene = Scene::after_up(program!());
    for service in SERVICES {
        let host = scene.engine.specification(&format!("tdd-{service}"))["HostConfig"].clone();
        assert_eq!(host["ReadonlyRootfs"], true, "{service}");
        assert_eq!(host["CapDrop"], json!(["ALL"]), "{service}");
        assert_eq!(host["SecurityOpt"], json!(["no-new-privileges"]), "{service}");
        assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped", "{service}");
        assert_eq!(host["NetworkMode"], "tdd-monitoring", "{service}");
        assert!(host["Privileged"].is_null() || host["Privileged"] == false, "{service}");
        let mounts = host["Mounts"].as_array().cloned().unwrap_or_default();
        let from_the_host = mounts.iter().filter(|mount| mount["Type"] == "bind");
        assert!(from_the_host.clone().all(|mount| mount["ReadOnly"] == true), "{service}");
        assert_eq!(from_the_host.count(), if service == "node-exporter" { 3 } else { 0 }, "{service}");
    }
}

#[test]
fn application_name_resolves_for_every_app_host() {
    for (place, hosts) in [
        ("host", json!(["tdd-app:host-gateway"])),
        ("192.0.2.7", json!(["tdd-app:192.0.2.7"])),
        ("network", json!([])),
    ] {
        let scene = Scene::with_images(program!());
        scene.run(["up", "--app-host", place]).exits(0);
        assert_eq!(scene.engine.specification("tdd-prometheus")["HostConfig"]["ExtraHosts"], hosts);
        let webhook = scene.engine.specification("tdd-alertmanager")["HostConfig"]["ExtraHosts"].clone();
        assert_eq!(webhook.to_string().replace("tdd-webhook", "tdd-app"), hosts.to_string());
    }
}

#[test]
fn configuration_is_uploaded_before_the_service_starts() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    for (service, folder) in [("prometheus", "/etc/prometheus"), ("alertmanager", "/etc/alertmanager")] {
        let upload = place(&requests, &format!("PUT /containers/tdd-{service}/archive?path={folder}"));
        assert!(upload < place(&requests, &format!("POST /containers/tdd-{service}/start")), "{service}");
    }
    let inside = scene.engine.volume_files("tdd_prometheus_config");
    let files = ["alerts.yml", "prometheus.yml", "recording_rules.yml"];
    assert_eq!(
        inside.keys().map(String::as_str).collect::<Vec<_>>(),
        [&[LOADED_CHECKSUM], &files[..]].concat()
    );
    for (name, content) in inside.iter().chain(&scene.engine.volume_files("tdd_alertmanager_config")) {
        assert!(name == LOADED_CHECKSUM || *content == scene.read(name), "{name} differs inside");
    }
    let read = inside.into_iter().filter(|(name, _)| name != LOADED_CHECKSUM).collect();
    assert!(scene.engine.loaded("tdd-prometheus") == read, "Prometheus started with other files");
}

#[test]
fn grafana_gets_data_source_and_dashboard() {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.data_sources.keys().collect::<Vec<_>>(), ["prometheus"]);
        assert_eq!(store.data_sources["prometheus"]["url"], "http://prometheus:9090");
        assert_eq!(store.data_sources["prometheus"]["isDefault"], true);
        assert_eq!(store.dashboards.keys().collect::<Vec<_>>(), ["tdd-main"]);
        assert_eq!(store.wrong_tries, 0);
    });
}

#[test]
fn second_up_changes_nothing() {
    let scene = Scene::after_up(program!());
    let written = || {
        let list = std::fs::read_dir(scene.folder().join("config/monitoring")).expect("the folder exists");
        let time =
            |entry: std::io::Result<std::fs::DirEntry>| entry.and_then(|entry| entry.metadata()?.modified());
        list.map(|entry| time(entry).expect("its metadata are readable")).collect::<Vec<_>>()
    };
    let before = written();
    let output = scene.run(["up"]);
    insta::assert_snapshot!(output.to_snapshot(), @"
    exit 0
    --- stdout
    stack tdd is up to date: 0 operations in [TIME]
    --- stderr
    ");
    assert_eq!(scene.engine.changes(), [""; 0]);
    let asked = scene.engine.service_requests();
    assert!(asked.iter().all(|request| request.starts_with("GET ")), "{asked:#?}");
    assert_eq!(written(), before);
}

#[test]
fn second_up_makes_few_calls() {
    let scene = Scene::after_up(program!());
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    assert!(requests.len() <= 14, "{requests:#?}");
}

#[test]
fn dry_run_changes_nothing_and_equals_plan() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--dry-run"]);
    output.exits(0);
    assert_eq!(output.stderr, "");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert!(!scene.folder().join("config").exists());
    assert_eq!(scene.run(["plan"]), output);
    let operations = output.stdout.lines().filter(|line| line.starts_with(' ')).count();
    assert!(output.stdout.ends_with(&format!("stack tdd: {operations} operations\n")), "{}", output.stdout);
}

#[test]
fn up_does_what_plan_shows() {
    let scene = Scene::new(program!());
    let plan = scene.run(["plan", "--output", "json"]).json();
    let done = scene.run(["up", "--output", "json"]).json();
    // Images are pulled first in a separate plan, so later operations do not depend on pulls.
    let without_needs = |document: &Value| -> Vec<Value> {
        let mut operations = document["operations"].as_array().expect("it is a list").clone();
        for operation in &mut operations {
            operation.as_object_mut().expect("it is an object").remove("after");
        }
        operations
    };
    assert_eq!(without_needs(&plan), without_needs(&done));
}

#[test]
fn detailed_exitcode_reports_pending_changes() {
    let scene = Scene::with_images(program!());
    scene.run(["plan"]).exits(0);
    scene.run(["plan", "--detailed-exitcode"]).exits(10);
    scene.run(["up"]).exits(0);
    scene.run(["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn up_with_wait_proven_ends_with_real_files() {
    let scene = Scene::with_images(program!());
    let output = scene.run(["up", "--wait", "proven"]);
    output.exits(0);
    assert!(output.stdout.contains("observes     proven"), "{}", output.stdout);
    has_loaded_the_real_files(&scene);
}

/// Asserts that no file with shortened intervals remains, and that the next `up` changes nothing.
#[track_caller]
fn has_loaded_the_real_files(scene: &Scene) {
    for (name, content) in scene.engine.loaded("tdd-prometheus") {
        assert!(content == scene.read(&name), "{name} is another one inside");
    }
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn wait_proven_starts_prometheus_with_short_intervals() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let running = scene.tdd_stack(["up", "--wait", "proven"]).spawn();
    scene.engine.await_request("POST /exec/of-tdd-prometheus/start");
    let quick = scene.engine.loaded("tdd-prometheus")["prometheus.yml"].clone();
    assert!(quick.contains("scrape_interval: 1s"), "{quick}");
    scene.engine.recover();
    running.finish().exits(0);
    has_loaded_the_real_files(&scene);
}

#[test]
fn up_replaces_short_intervals_after_an_interrupt() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let running = scene.tdd_stack(["up", "--wait", "proven"]).spawn();
    scene.engine.await_request("POST /exec/of-tdd-prometheus/start");
    running.signal("INT");
    running.finish().exits(130);
    scene.engine.recover();
    scene.run(["up"]).exits(0);
    has_loaded_the_real_files(&scene);
}

#[test]
fn registry_and_image_flags_change_the_images() {
    let scene = Scene::new(program!());
    let arguments = ["up", "--registry", "mirror.example:5000", "--image", "grafana=ghcr.io/me/grafana:1"];
    scene.run(arguments).exits(0);
    assert_eq!(
        scene.engine.images(),
        [
            "ghcr.io/me/grafana:1",
            "mirror.example:5000/prom/alertmanager:v0.34.0",
            "mirror.example:5000/prom/node-exporter:v1.12.1",
            "mirror.example:5000/prom/prometheus:v3.13.4"
        ]
    );
}

#[test]
fn present_image_is_not_pulled() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    assert!(scene.engine.changes().iter().all(|request| !request.contains("/images/")));
}

#[test]
fn pull_never_fails_before_any_change() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--pull", "never"]);
    output.exits(1).says("cannot pull 4 images: ").says("`prom/alertmanager:").says("`--pull never` is set");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn probe_of_node_exporter_skips_its_metrics() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    scene.run(["status"]).exits(0);
    let asked = scene.engine.service_requests();
    assert!(asked.contains(&"GET node-exporter /".to_string()), "{asked:#?}");
    // node-exporter logs an error if a client disconnects during its metrics.
    assert!(!asked.contains(&"GET node-exporter /metrics".to_string()), "{asked:#?}");
}

#[test]
fn up_never_touches_foreign_objects() {
    let scene = Scene::with_images(program!());
    scene.engine.add_container("database", &json!({"com.docker.compose.project": "shop"}), None);
    scene.engine.add_network("shop");
    scene.engine.add_volume("shop_data");
    scene.run(["up"]).exits(0);
    let about_them = |request: &&String| request.contains("database") || request.contains("shop");
    assert_eq!(scene.engine.requests().iter().find(about_them), None);
}

#[test]
fn two_stacks_coexist() {
    let scene = Scene::with_images(program!());
    scene.run(["up", "--stack", "one"]).exits(0);
    scene.run(["up", "--stack", "two"]).exits(0);
    assert_eq!(scene.engine.networks(), ["one-monitoring", "two-monitoring"]);
    assert_eq!(scene.engine.containers().len(), 8);
    scene.engine.forget();
    scene.run(["up", "--stack", "one"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}
