//! A paused service, which accepts connections and never answers, is not waited for.

use std::time::{Duration, Instant};

use fake_engine::Phase;
use integration_tests::program;
use integration_tests::scene::Scene;

/// Less than the time limit of one request.
const AT_ONCE: Duration = Duration::from_secs(8);

#[test]
fn status_reports_paused_service_at_once_with_hint() {
    for service in ["prometheus", "grafana", "node-exporter", "alertmanager"] {
        let scene = Scene::after_up(program!());
        scene.engine.pause(&format!("tdd-{service}"));
        let began = Instant::now();
        let output = scene.run(["status", "--output", "json"]);
        assert!(began.elapsed() < AT_ONCE, "{service}: {:?}", began.elapsed());
        output.exits(1).says(&format!("{service} is not ready: it is paused")).says("hint: `tdd-stack up`");
        let status = output.json();
        let services = status["services"].as_array().expect("it is a list").iter();
        let paused: Vec<&str> = services
            .filter(|found| found["state"] == "paused")
            .filter_map(|found| found["name"].as_str())
            .collect();
        assert_eq!(paused, [service]);
        let text = scene.run(["status"]).stdout;
        assert!(!text.contains("panel `"), "panels are reported next to their cause: {text}");
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
}

#[test]
fn up_unpauses_a_paused_service() {
    for service in ["prometheus", "grafana", "node-exporter", "alertmanager"] {
        let scene = Scene::after_up(program!());
        let container = format!("tdd-{service}");
        let id = scene.engine.id(&container);
        scene.engine.pause(&container);
        let plan = scene.run(["plan"]);
        let line = format!("unpause             {service}  (it is paused)");
        assert!(plan.stdout.contains(&line), "{}", plan.stdout);
        let began = Instant::now();
        scene.run(["up"]).exits(0);
        assert!(began.elapsed() < AT_ONCE, "{service}: {:?}", began.elapsed());
        assert_eq!(scene.engine.containers()[&container], Phase::Running);
        assert_eq!(scene.engine.id(&container), id);
        let changes = scene.engine.changes();
        assert_eq!(changes[0], format!("POST /containers/{container}/unpause"), "{changes:#?}");
        let lasting = |request: &&String| request.contains("restart") || request.contains("create?name");
        assert_eq!(changes.iter().find(lasting), None, "{service} was started again instead of unpaused");
        scene.engine.forget();
        scene.run(["up"]).exits(0);
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
}

#[test]
fn edit_is_applied_to_a_paused_service() {
    let scene = Scene::after_up(program!());
    scene.engine.pause("tdd-prometheus");
    let text = scene.read("alerts.yml");
    scene.edit("alerts.yml", &format!("{text}# mine\n"));
    scene.run(["up"]).exits(0);
    assert!(scene.engine.loaded("tdd-prometheus")["alerts.yml"].ends_with("# mine\n"));
}

#[test]
fn down_removes_a_paused_service() {
    let scene = Scene::after_up(program!());
    scene.engine.pause("tdd-prometheus");
    scene.run(["down"]).exits(0);
    assert!(scene.engine.containers().is_empty());
}
