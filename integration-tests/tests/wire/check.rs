//! `tdd-stack check`, `init` and `logs` on the fake engine.

use fake_engine::Fault;
use integration_tests::program;
use integration_tests::scene::Scene;

#[test]
fn check_accepts_shipped_files_without_leaving_containers() {
    let scene = Scene::with_images(program!());
    let output = scene.run(["check"]);
    let is_good = |line: &str| line.trim_start().starts_with("ok ");
    assert!(output.exits(0).stdout.lines().all(is_good), "{}", output.stdout);
    // The verdict and the checks.
    assert_eq!(output.stdout.lines().count(), 1 + 5, "{}", output.stdout);
    assert!(scene.engine.containers().is_empty());
    assert!(scene.engine.networks().is_empty() && scene.engine.volumes().is_empty());
    assert!(!scene.folder().join("config").exists(), "files were written");
}

#[test]
fn check_reports_invalid_file_once_and_removes_containers() {
    let scene = Scene::with_images(program!());
    scene.run(["init"]).exits(0);
    scene.edit("alertmanager.yml", "route: [\n");
    let output = scene.run(["check", "--output", "json"]);
    let result = output.exits(1).says("config/monitoring/alertmanager.yml").json();
    assert_eq!((&result["schema"], &result["ok"]), (&"tdd-stack.check/1".into(), &false.into()));
    let faults: Vec<&serde_json::Value> = result["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|check| check["faults"].as_array().into_iter().flatten())
        .collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(scene.engine.containers().is_empty());
}

#[test]
fn interrupted_check_leaves_no_container() {
    // Four checks run in parallel, so their progress at the first failure varies.
    for _ in 0..6 {
        let scene = Scene::with_images(program!());
        scene.engine.fail(Fault::Fails("PUT /containers"));
        scene.run(["check"]).exits(1).says("the disk of the engine is full");
        assert!(scene.engine.containers().is_empty(), "{:?}", scene.engine.containers());
    }
}

#[test]
fn check_pulls_missing_images() {
    let scene = Scene::new(program!());
    let output = scene.run(["check"]);
    output
        .exits(0)
        .says("pull                prom/prometheus:")
        .says("pull                prom/alertmanager:");
    assert!(output.stdout.lines().all(|line| line.trim_start().starts_with("ok ")), "{}", output.stdout);
    assert_eq!(scene.engine.images(), ["prom/alertmanager:v0.34.0", "prom/prometheus:v3.13.4"]);
}

#[test]
fn init_writes_files_without_an_engine() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    assert_eq!(scene.engine.requests(), [""; 0]);
    let again = scene.run(["init"]);
    assert!(again.exits(0).stdout.starts_with("ok  12 files in "), "{}", again.stdout);
}

#[test]
fn init_keeps_edited_files_and_force_backs_up() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let shipped = scene.read("alerts.yml");
    scene.edit("alerts.yml", "groups: []\n");
    let output = scene.run(["init"]);
    assert!(output.exits(0).stdout.contains("alerts.yml is kept: you edited it"), "{}", output.stdout);
    assert_eq!(scene.read("alerts.yml"), "groups: []\n");
    let output = scene.run(["init", "--force"]);
    assert!(output.exits(0).stdout.contains("alerts.yml.bak-1"), "{}", output.stdout);
    assert!(scene.read("alerts.yml") == shipped, "the edited file was not replaced");
    assert_eq!(scene.read("alerts.yml.bak-1"), "groups: []\n");
}

#[test]
fn logs_prefix_each_line_with_its_service() {
    let scene = Scene::after_up(program!());
    let output = scene.run(["logs"]);
    let mut lines: Vec<&str> = output.exits(0).stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "alertmanager  | alertmanager listens",
            "grafana       | grafana listens",
            "node-exporter | node-exporter listens",
            "prometheus    | prometheus listens"
        ]
    );
    let output = scene.run(["logs", "grafana", "--tail", "1", "--output", "json"]);
    let mut line = output.exits(0).json();
    let time = line.as_object_mut().and_then(|keys| keys.remove("time"));
    assert!(time.is_some_and(|time| time.as_str().is_some_and(|time| time.starts_with("20"))));
    let expected = serde_json::json!({
        "schema": "tdd-stack.log/1", "service": "grafana", "stream": "stdout", "line": "grafana listens",
    });
    assert_eq!(line, expected);
}

#[test]
fn logs_are_in_time_order_and_report_truncation() {
    let scene = Scene::after_up(program!());
    for second in 10..30 {
        let service = ["tdd-grafana", "tdd-prometheus"][second % 2];
        scene.engine.log(service, &format!("@{second} line {second}"));
    }
    for _ in 0..120 {
        scene.engine.log("tdd-grafana", "@40 more");
    }
    let output = scene.run(["logs", "grafana", "prometheus", "--tail", "all"]);
    let lines = output.exits(0).stdout.lines().filter_map(|line| line.rsplit_once(" line "));
    let seconds: Vec<usize> = lines.filter_map(|(_, second)| second.parse().ok()).collect();
    assert_eq!(seconds, (10..30).collect::<Vec<_>>());
    assert_eq!(output.stdout.lines().count(), 2 + 20 + 120);
    assert_eq!(output.stderr, "");

    let output = scene.run(["logs", "grafana"]);
    assert_eq!(output.exits(0).stdout.lines().count(), 100);
    output.says("--tail all");
    let output = scene.run(["logs", "grafana", "--since", "2026-01-01T00:00:00Z"]);
    assert_eq!(output.exits(0).stdout.lines().count(), 1 + 10 + 120);
    assert_eq!(output.stderr, "");
}

#[test]
fn logs_of_missing_stack_fail() {
    let scene = Scene::new(program!());
    scene.run(["logs"]).exits(1).says("stack `tdd` has no such container");
}
