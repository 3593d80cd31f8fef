//! `tdd-stack down`: what it removes, what it keeps, and objects that belong to others.

use std::time::{Duration, Instant};

use fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

const DATA: [&str; 3] = ["tdd_alertmanager_data", "tdd_grafana_data", "tdd_prometheus_data"];

#[test]
fn down_keeps_only_data_and_images() {
    let scene = Scene::after_up(program!());
    let output = scene.run(["down", "--progress", "quiet"]);
    insta::assert_snapshot!(output.to_snapshot(), @"
    exit 0
    --- stdout
    ok  Stack tdd is removed ([TIME])
      Data stays in tdd_alertmanager_data, tdd_grafana_data, tdd_prometheus_data
      Remove it: tdd-stack down --volumes
    --- stderr
    ");
    assert!(scene.engine.containers().is_empty());
    assert!(scene.engine.networks().is_empty());
    assert_eq!(scene.engine.volumes(), DATA);
    assert_eq!(scene.engine.images().len(), 4);
}

#[test]
fn services_stop_before_they_are_removed() {
    let scene = Scene::after_up(program!());
    scene.run(["down"]).exits(0);
    let changes = scene.engine.changes();
    for service in ["alertmanager", "grafana", "node-exporter", "prometheus"] {
        let stopped = changes
            .iter()
            .position(|request| *request == format!("POST /containers/tdd-{service}/stop?t=30"));
        let removed =
            changes.iter().position(|request| *request == format!("DELETE /containers/tdd-{service}?v=true"));
        assert!(stopped.is_some() && stopped < removed, "{service}: {changes:#?}");
    }
}

#[test]
fn service_that_is_not_ready_is_removed_without_stop() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::NeverReady("prometheus"));
    scene.run(["up", "--wait-timeout", "300ms"]).exits(5);
    scene.engine.forget();
    scene.run(["down"]).exits(0);
    let changes = scene.engine.changes();
    let is_stopped = |service: &str| changes.contains(&format!("POST /containers/tdd-{service}/stop?t=30"));
    assert!(!is_stopped("prometheus") && is_stopped("grafana"), "{changes:#?}");
    assert!(
        changes.iter().any(|line| line == "DELETE /containers/tdd-prometheus?force=true&v=true"),
        "{changes:#?}"
    );
    assert_eq!(scene.engine.volumes(), DATA);
}

#[test]
fn ignored_stop_signal_is_repeated_soon() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::StopIgnored("alertmanager"));
    let began = Instant::now();
    scene.run(["down"]).exits(0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let signal = "POST /containers/tdd-alertmanager/kill?signal=SIGTERM";
    assert_eq!(scene.engine.changes().iter().filter(|line| *line == signal).count(), 1);
}

#[test]
fn down_reports_a_slow_stop() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::NoAnswer("POST /containers/tdd-grafana/stop"));
    let running = scene.tdd_stack(["down"]).spawn();
    // By the third signal the message has been printed.
    scene.engine.await_requests(2, "POST /containers/tdd-grafana/kill");
    scene.engine.recover();
    running.signal("INT");
    running.finish().exits(130).says("stop                grafana  the stop may take up to 30 s");
}

#[test]
fn kept_data_is_used_by_the_next_up() {
    let scene = Scene::after_up(program!());
    scene.run(["down"]).exits(0);
    scene.run(["up"]).exits(0);
    scene.engine.grafana("tdd_grafana_data", |store| assert_eq!(store.dashboards["tdd-main"]["version"], 1));
}

#[test]
fn down_with_volumes_keeps_only_images_and_files() {
    let scene = Scene::after_up(program!());
    scene.run(["down", "--volumes"]).exits(0);
    assert!(scene.engine.containers().is_empty());
    assert!(scene.engine.networks().is_empty());
    assert!(scene.engine.volumes().is_empty());
    assert_eq!(scene.engine.images().len(), 4);
    assert!(scene.file("prometheus.yml").exists(), "configuration files were removed");
}

#[test]
fn generated_password_is_removed_only_with_its_data() {
    let scene = Scene::with_images(program!());
    let state = scene.folder().join("state");
    let file = state.join("tdd-stack/shop/grafana-password");
    let run = |arguments: &[&str]| {
        let program = scene.tdd_stack([]).args(arguments).args(["--stack", "shop"]);
        let output = program.env("XDG_STATE_HOME", &state).run();
        output.exits(0);
        output
    };
    run(&["up", "--generate-password"]);
    let kept = run(&["down"]).stdout;
    assert!(
        kept.contains("shop_grafana_data") && kept.contains("tdd-stack down --volumes --stack shop\n"),
        "{kept}"
    );
    let again = run(&["down", "--output", "json"]).json();
    assert_eq!(
        again["kept_volumes"],
        json!(["shop_alertmanager_data", "shop_grafana_data", "shop_prometheus_data"])
    );
    assert!(file.exists() && again["removed_password_file"].is_null(), "the kept data needs the password");
    let removed = run(&["down", "--volumes"]).stdout;
    assert!(removed.contains(&file.display().to_string()), "{removed}");
    assert!(!state.join("tdd-stack/shop").exists());
    let removed = run(&["down", "--volumes", "--output", "json"]).json();
    assert_eq!((&removed["kept_volumes"], &removed["removed_password_file"]), (&json!([]), &json!(null)));
}

#[test]
fn down_with_images_removes_images() {
    let scene = Scene::after_up(program!());
    scene.run(["down", "--volumes", "--images"]).exits(0);
    assert_eq!(scene.engine.images(), [""; 0]);
}

#[test]
fn image_of_another_stack_is_kept() {
    let scene = Scene::with_images(program!());
    scene.run(["up", "--stack", "one"]).exits(0);
    scene.run(["up", "--stack", "two"]).exits(0);
    scene.run(["down", "--stack", "one", "--images"]).exits(0);
    assert_eq!(scene.engine.images().len(), 4);
}

#[test]
fn second_down_changes_nothing() {
    let scene = Scene::after_up(program!());
    scene.run(["down", "--volumes"]).exits(0);
    scene.engine.forget();
    let output = scene.run(["down", "--volumes"]);
    insta::assert_snapshot!(output.to_snapshot(), @"
    exit 0
    --- stdout
    ok  Stack tdd does not run: nothing to remove
    --- stderr
    ");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn down_needs_no_configuration_files() {
    let scene = Scene::after_up(program!());
    std::fs::remove_dir_all(scene.folder().join("config")).expect("it exists");
    scene.run(["down", "--volumes"]).exits(0);
    assert!(scene.engine.containers().is_empty());
    let broken = Scene::after_up(program!());
    broken.edit("prometheus.yml", "[");
    broken.edit("grafana_dashboards.json", "[");
    broken.run(["down", "--volumes"]).exits(0);
    assert!(broken.engine.containers().is_empty());
}

#[test]
fn foreign_objects_and_other_stacks_are_kept() {
    let scene = Scene::after_up(program!());
    scene.run(["up", "--stack", "other"]).exits(0);
    scene.engine.add_container("database", &json!({"com.docker.compose.project": "tdd"}), None);
    scene.engine.add_network("shop");
    scene.engine.add_volume("shop_data");
    // Names of the stack without its labels.
    scene.engine.add_volume("tdd_extra");
    scene.run(["down", "--volumes"]).exits(0);
    let left: Vec<String> = scene.engine.containers().into_keys().collect();
    let others = ["other-alertmanager", "other-grafana", "other-node-exporter", "other-prometheus"];
    assert_eq!(left, ["database"].into_iter().chain(others).collect::<Vec<_>>());
    assert_eq!(scene.engine.networks(), ["other-monitoring", "shop"]);
    assert_eq!(scene.engine.volumes().iter().filter(|name| name.starts_with("other_")).count(), 6);
    assert_eq!(scene.engine.volumes().iter().filter(|name| !name.starts_with("other_")).count(), 2);
}

#[test]
fn down_removes_containers_in_any_state() {
    let scene = Scene::after_up(program!());
    scene.engine.set_phase("tdd-grafana", Phase::Restarting);
    scene.engine.set_phase("tdd-prometheus", Phase::Paused);
    scene.engine.set_phase("tdd-alertmanager", Phase::Created);
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.check": "promtool check config"});
    scene.engine.add_container("hopeful_moser", &labels, None);
    scene.run(["down"]).exits(0);
    assert!(scene.engine.containers().is_empty());
    assert_eq!(scene.engine.volumes(), DATA);
}

#[test]
fn down_resumes_after_any_failed_removal() {
    for (call, doing) in [
        ("POST /containers/tdd-grafana/stop", "cannot stop `"),
        ("DELETE /containers/tdd-grafana", "cannot remove `"),
        ("DELETE /networks/tdd-monitoring", "cannot remove network `tdd-monitoring`"),
        ("DELETE /volumes/tdd_prometheus_config", "cannot remove volume `tdd_prometheus_config`"),
    ] {
        let scene = Scene::after_up(program!());
        scene.engine.fail(Fault::Fails(call));
        scene.run(["down"]).exits(1).says(doing).says("the disk of the engine is full");
        scene.engine.recover();
        scene.run(["down"]).exits(0);
        assert!(scene.engine.containers().is_empty(), "{call}");
        assert!(scene.engine.networks().is_empty(), "{call}");
        assert_eq!(scene.engine.volumes(), DATA, "{call}");
    }
}

#[test]
fn network_used_by_the_application_is_reported() {
    let scene = Scene::after_up(program!());
    scene.engine.add_container("my-app", &json!({}), None);
    scene.engine.attach("my-app", "tdd-monitoring");
    let output = scene.run(["down"]);
    output.exits(1).says("cannot remove network `tdd-monitoring`").says("has active endpoints");
    // After a failed `down`, a hint to run `up` would be wrong.
    output.does_not_say("`tdd-stack up`");
    assert_eq!(scene.engine.containers().into_keys().collect::<Vec<_>>(), ["my-app"]);
}

#[test]
fn network_in_use_is_detected_on_podman() {
    let scene = Scene::after_up(program!());
    let words = "\"tdd-monitoring\" has associated containers with it. Use -f to forcibly delete containers and pods: \
                 network is being used";
    scene.engine.fail(Fault::Says("DELETE /networks/tdd-monitoring", words));
    scene.run(["down"]).exits(1).says("network is being used").says("docker network disconnect");
}

#[test]
fn down_fails_without_an_engine() {
    let scene = Scene::with(fake_engine::FakeEngine::stopped(), program!());
    scene.run(["down"]).exits(3).says("cannot reach the Docker Engine");
}
