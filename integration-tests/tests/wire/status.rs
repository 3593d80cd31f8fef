//! `tdd-stack status`: verdict, exit code and messages, and that it changes nothing.

use std::time::Duration;

use fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};

/// Longer than the time in which a new Prometheus may lack its first results.
const GROWN_UP: Duration = Duration::from_mins(2);

fn status(scene: &Scene, code: i32) -> Value {
    let output = scene.run(["status", "--output", "json"]);
    output.exits(code);
    output.json()
}

#[test]
fn status_of_healthy_stack_is_complete() {
    let scene = Scene::after_up(program!());
    let output = scene.run(["status"]);
    insta::assert_snapshot!(output.to_snapshot(), @r#"
    exit 0
    --- stdout
    stack tdd

     service  state  address  image  drift 
     prometheus  running, ready  http://[ADDRESS]  prom/prometheus:v3.13.4  none  
     grafana  running, ready  http://[ADDRESS]  grafana/grafana:13.1.7  none  
     node-exporter  running, ready  http://[ADDRESS]  prom/node-exporter:v1.12.1  none  
     alertmanager  running, ready  http://[ADDRESS]  prom/alertmanager:v0.34.0  none  

    observes  proven
    targets  4 of 4 required up
      streamlit-app down: Get "http://tdd-app:8501/health/metrics": dial tcp: lookup tdd-app on [ADDRESS]: no such host
      the name does not resolve inside the network: run `tdd-stack up` again, or give the application's container the alias `tdd-app` on the stack's network
      app-metrics down: Get "http://tdd-app:8502/metrics": dial tcp: lookup tdd-app on [ADDRESS]: no such host
      the name does not resolve inside the network: run `tdd-stack up` again, or give the application's container the alias `tdd-app` on the stack's network
    rules  [N] of [N] healthy, firing: Watchdog
    alertmanager active
    dashboard  http://[ADDRESS]/d/tdd-main ([N] of [N] panels have data)
    --- stderr
    "#);
}

#[test]
fn status_changes_nothing() {
    for scene in [Scene::new(program!()), Scene::after_up(program!())] {
        scene.run(["status"]);
        assert_eq!(scene.engine.changes(), [""; 0]);
        let asked = scene.engine.service_requests();
        let changing =
            |request: &&String| !request.starts_with("GET ") && *request != "POST grafana /api/ds/query";
        assert_eq!(asked.iter().find(changing), None);
    }
}

#[test]
fn status_writes_no_files() {
    let scene = Scene::new(program!());
    scene.run(["status"]);
    assert!(!scene.folder().join("config").exists());
}

#[test]
fn json_status_has_the_documented_keys() {
    let scene = Scene::after_up(program!());
    let status = status(&scene, 0);
    assert_eq!(status["schema"], "tdd-stack.status/1");
    assert_eq!(status["stack"], "tdd");
    assert_eq!(status["ok"], true);
    assert_eq!(status["verdict"], "healthy");
    assert_eq!(status["problems"], json!([]));
    assert_eq!(status["alertmanager"], json!({"active": true, "watchdog": true}));
    for (list, keys) in [
        ("services", vec!["name", "state", "ready", "image", "url", "drift"]),
        ("targets", vec!["job", "url", "up", "required", "error"]),
        ("dashboards", vec!["uid", "url", "panels"]),
    ] {
        let items = status[list].as_array().expect("it is a list");
        assert!(!items.is_empty(), "{list}");
        for (item, key) in items.iter().flat_map(|item| keys.iter().map(move |key| (item, key))) {
            assert!(item.get(key).is_some(), "{list}: {item} lacks `{key}`");
        }
    }
    let panels = status["dashboards"][0]["panels"].as_array().expect("it is a list");
    assert!(panels.iter().all(|panel| panel["title"].is_string() && panel["series"].is_u64()), "{panels:?}");
    let rules = status["rules"].as_object().expect("it is an object");
    assert_eq!(rules.keys().collect::<Vec<_>>(), ["firing", "healthy", "total"]);
    let services: Vec<&str> = status["services"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["name"].as_str())
        .collect();
    assert_eq!(services, ["prometheus", "grafana", "node-exporter", "alertmanager"]);
}

#[test]
fn status_reports_a_missing_stack() {
    let scene = Scene::new(program!());
    scene
        .run(["status"])
        .exits(1)
        .says("prometheus is not ready: the container is missing")
        .says("`tdd-stack up`");
    let status = status(&scene, 1);
    assert_eq!(status["verdict"], "problems");
    assert_eq!(status["ok"], false);
    assert_eq!(status["services"][0]["state"], "absent");
    assert_eq!(status["services"][0]["url"], Value::Null);
}

#[test]
fn status_reports_a_service_that_is_not_running() {
    for (phase, state) in
        [(Phase::Exited, "exited"), (Phase::Created, "created"), (Phase::Restarting, "restarting")]
    {
        let scene = Scene::after_up(program!());
        scene.engine.set_phase("tdd-grafana", phase);
        let status = status(&scene, 1);
        assert_eq!(status["verdict"], "problems", "{state}");
        assert_eq!(status["services"][1]["state"], state);
        assert_eq!(status["services"][1]["ready"], false);
        assert_eq!(status["services"][0]["ready"], true);
    }
}

#[test]
fn status_reports_a_service_that_is_not_ready() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::NeverReady("alertmanager"));
    scene.run(["status"]).exits(1).says("alertmanager is not ready: answers 503");
}

#[test]
fn status_reports_a_running_stack_without_monitoring() {
    for (fault, problem) in [
        (Fault::TargetDown("node-exporter"), "target node-exporter is down"),
        (Fault::RuleFails("HighErrorRate"), "rule HighErrorRate: found duplicate series"),
        (Fault::DataSourceDown, "Grafana's data source answers 400"),
    ] {
        let scene = Scene::after_up(program!());
        scene.engine.age(GROWN_UP);
        scene.engine.fail(fault);
        scene.run(["status"]).exits(6).says(problem);
        let status = status(&scene, 6);
        assert_eq!(status["verdict"], "unhealthy");
        assert_eq!(status["ok"], false);
    }
}

#[test]
fn missing_first_scrape_is_pending() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let young = status(&scene, 0);
    assert_eq!((&young["verdict"], &young["ok"]), (&json!("pending"), &json!(true)));
    scene.engine.age(GROWN_UP);
    assert_eq!(status(&scene, 6)["verdict"], "unhealthy");
}

#[test]
fn status_accepts_a_stopped_application() {
    let scene = Scene::after_up(program!());
    scene.engine.age(GROWN_UP);
    let status = status(&scene, 0);
    let app = status["targets"].as_array().into_iter().flatten().filter(|target| target["required"] == false);
    assert!(app.clone().all(|target| target["up"] == false));
    assert_eq!(app.count(), 2);
}

#[test]
fn status_reports_a_removed_scrape_job() {
    let scene = Scene::after_up(program!());
    let without = scene.read("prometheus.yml").replace("job_name: node-exporter", "job_name: another");
    scene.edit("prometheus.yml", &without);
    scene.run(["up"]).exits(0);
    scene.engine.age(GROWN_UP);
    scene.run(["status"]).exits(6).says("target node-exporter is down: Prometheus has no such scrape job");
}

#[test]
fn status_reports_an_undelivered_watchdog() {
    for (file, before, after, problem) in [
        (
            "alerts.yml",
            "alert: Watchdog",
            "alert: Sleeping",
            "the alert Watchdog has not arrived at Alertmanager",
        ),
        ("prometheus.yml", "alertmanager:9093'", "nowhere:9093'", "Prometheus has no active Alertmanager"),
    ] {
        let scene = Scene::after_up(program!());
        let shipped = scene.read(file);
        // The scrape job of the same address is on another line.
        assert!(shipped.contains(before), "{file} lacks {before}");
        scene.edit(file, &shipped.replacen(before, after, 1));
        scene.run(["up"]).exits(0);
        scene.engine.age(GROWN_UP);
        scene.run(["status"]).exits(6).says(problem);
    }
}

#[test]
fn edits_and_drift_are_not_failures() {
    let scene = Scene::after_up(program!());
    scene.edit("alerts.yml", &format!("{}# mine\n", scene.read("alerts.yml")));
    let status = scene.run(["status", "--output", "json", "--image", "grafana=grafana/grafana:13.1.4"]);
    let status = status.exits(0).json();
    assert_eq!(status["edited"], json!(["alerts.yml"]));
    assert_eq!(status["services"][0]["drift"], json!(["alerts.yml changed"]));
    let drift = status["services"][1]["drift"].to_string();
    assert!(drift.contains("its specification changed"), "{drift}");
    assert_eq!(status["services"][1]["image"], "grafana/grafana:13.1.7", "the running image is not shown");
    assert_eq!(status["services"][2]["drift"], json!([]));
}

#[test]
fn status_reports_missing_rslave() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::RootNotShared);
    scene.run(["up"]).exits(0);
    let output = scene.run(["status"]);
    assert!(output.exits(0).stdout.contains("node-exporter runs without rslave"), "{}", output.stdout);
}

#[test]
fn rejected_login_is_tried_once_and_reported() {
    let scene = Scene::after_up(program!());
    let status = scene.tdd_stack(["status", "--output", "json"]);
    let output = status.env("TDD_STACK_GRAFANA_PASSWORD", "another-one").run();
    scene.engine.grafana("tdd_grafana_data", |store| assert_eq!(store.wrong_tries, 1));
    let status = output.exits(1).json();
    assert_eq!(status["schema"], "tdd-stack.status/1");
    assert!(status["problems"].to_string().contains("rejects the login `admin`"), "{status}");
}

#[test]
fn wait_ends_at_a_rejected_login() {
    let scene = Scene::after_up(program!());
    let tries = || {
        let mut tries = 0;
        scene.engine.grafana("tdd_grafana_data", |store| tries = store.wrong_tries);
        tries
    };
    let waiting = scene.tdd_stack(["status", "--wait", "ready", "--wait-timeout", "2s"]);
    waiting.env("TDD_STACK_GRAFANA_PASSWORD", "another-one").run().exits(1).says("rejects the login `admin`");
    // Five wrong tries would lock the account, also for the right password.
    assert_eq!(tries(), 1);
    // `--watch` does not repeat the try either.
    let watching = scene.tdd_stack(["status", "--watch"]).env("TDD_STACK_GRAFANA_PASSWORD", "another-one");
    let watching = watching.spawn();
    for _ in 0..3 {
        scene.engine.forget();
        scene.engine.await_request("GET /networks");
    }
    watching.signal("INT");
    watching.finish().exits(130);
    assert_eq!(tries(), 2);
}

#[test]
fn status_waits_until_proven() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let running = scene.tdd_stack(["status", "--wait", "proven"]).spawn();
    scene.engine.await_request("GET /networks");
    scene.engine.recover();
    let output = running.finish();
    assert!(output.exits(0).stdout.contains("observes     proven"), "{}", output.stdout);
}

#[test]
fn wait_for_ready_times_out_with_the_problem() {
    let scene = Scene::after_up(program!());
    scene.engine.stop("tdd-prometheus");
    let output = scene.run(["status", "--wait", "ready", "--wait-timeout", "500ms"]);
    output.exits(1).says("prometheus is not ready");
}

#[test]
fn wait_for_proven_times_out_with_the_problem() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let output = scene.run(["status", "--wait", "proven", "--wait-timeout", "500ms"]);
    output.exits(6).says("target node-exporter is down");
}

#[test]
fn watch_ends_quietly_on_an_interrupt() {
    let scene = Scene::after_up(program!());
    let running = scene.tdd_stack(["status", "--watch"]).spawn();
    scene.engine.await_request("GET /networks");
    scene.engine.forget();
    scene.engine.await_request("GET /networks");
    running.signal("INT");
    let output = running.finish();
    assert_eq!(output.exits(130).stderr, "");
    assert!(output.stdout.matches("observes     proven").count() >= 1, "{}", output.stdout);
}

#[test]
fn status_fails_without_an_engine() {
    let scene = Scene::with(fake_engine::FakeEngine::stopped(), program!());
    scene.run(["status"]).exits(3).says("cannot reach the Docker Engine");
}
