//! `tdd-stack check`, `init` and `logs` at the wire.

use fake_engine::Fault;
use integration_tests::program;
use integration_tests::scene::Scene;

#[test]
fn good_files_pass_and_leave_no_container() {
    let scene = Scene::with_images(program!());
    let output = scene.run(["check"]);
    assert!(output.exits(0).stdout.lines().all(|line| line.starts_with("ok ")), "{}", output.stdout);
    assert_eq!(output.stdout.lines().count(), 5, "{}", output.stdout);
    assert!(scene.engine.containers().is_empty());
    assert!(scene.engine.networks().is_empty() && scene.engine.volumes().is_empty());
    assert!(!scene.folder().join("config").exists(), "files were written");
}

#[test]
fn a_bad_file_is_named_once_and_the_containers_go() {
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
fn a_check_that_breaks_off_leaves_no_container() {
    // Four checks run at once, and which of them is how far when the first breaks off differs.
    for _ in 0..6 {
        let scene = Scene::with_images(program!());
        scene.engine.fail(Fault::Fails("PUT /containers"));
        scene.run(["check"]).exits(1).says("the disk of the engine is full");
        assert!(scene.engine.containers().is_empty(), "{:?}", scene.engine.containers());
    }
}

#[test]
fn an_image_that_is_missing_is_pulled_for_a_check() {
    let scene = Scene::new(program!());
    let output = scene.run(["check"]);
    output
        .exits(0)
        .says("pull                prom/prometheus:")
        .says("pull                prom/alertmanager:");
    assert!(output.stdout.lines().all(|line| line.starts_with("ok ")), "{}", output.stdout);
    assert_eq!(scene.engine.images(), ["prom/alertmanager:v0.34.0", "prom/prometheus:v3.13.4"]);
}

#[test]
fn init_writes_files_and_asks_no_engine() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    assert_eq!(scene.engine.requests(), [""; 0]);
    let again = scene.run(["init"]);
    assert!(again.exits(0).stdout.lines().all(|line| line.starts_with("unchanged  ")), "{}", again.stdout);
}

#[test]
fn init_keeps_what_the_user_wrote_unless_forced_and_then_backs_it_up() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let shipped = scene.read("alerts.yml");
    scene.edit("alerts.yml", "groups: []\n");
    let output = scene.run(["init"]);
    assert!(output.exits(0).stdout.contains("kept       "), "{}", output.stdout);
    assert_eq!(scene.read("alerts.yml"), "groups: []\n");
    let output = scene.run(["init", "--force"]);
    assert!(output.exits(0).stdout.contains("alerts.yml.bak-1"), "{}", output.stdout);
    assert!(scene.read("alerts.yml") == shipped, "the edited file stays");
    assert_eq!(scene.read("alerts.yml.bak-1"), "groups: []\n");
}

#[test]
fn logs_show_each_line_with_its_service() {
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
fn logs_come_in_the_order_of_time_and_say_so_where_the_beginning_is_left_out() {
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
fn logs_of_what_is_not_there_are_told() {
    let scene = Scene::new(program!());
    scene.run(["logs"]).exits(1).says("stack `tdd` has no such container");
}
