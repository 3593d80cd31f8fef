//! Dashboards edited inside Grafana are detected, kept and pulled into the file; a plan shows the changed text.

use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};

/// Returns a stack whose dashboard got another title inside Grafana.
fn edited_inside() -> Scene {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| {
        let found = store.dashboards.get_mut("tdd-main").expect("the dashboard was imported");
        found["title"] = json!("Mine, made inside Grafana");
        found["version"] = json!(2);
    });
    scene
}

fn title(scene: &Scene) -> Value {
    let mut title = Value::Null;
    scene.engine.grafana("tdd_grafana_data", |store| title = store.dashboards["tdd-main"]["title"].clone());
    title
}

fn edit_file(scene: &Scene) {
    let text =
        scene.read("grafana_dashboards.json").replacen("\"title\": \"", "\"title\": \"From the file, ", 1);
    scene.edit("grafana_dashboards.json", &text);
}

#[test]
fn edit_inside_grafana_is_kept_and_reported() {
    let scene = edited_inside();
    edit_file(&scene);
    scene.run(["up"]).exits(0);
    assert_eq!(title(&scene), "Mine, made inside Grafana");
    let status = scene.run(["status", "--output", "json"]).json();
    assert_eq!(status["edited_inside"], json!(["tdd-main"]));
    assert!(scene.run(["status"]).stdout.contains("tdd-stack dashboards pull"));
}

#[test]
fn edit_inside_grafana_survives_container_removal() {
    let scene = edited_inside();
    scene.engine.remove_container("tdd-grafana");
    scene.run(["up"]).exits(0).says("it was edited inside Grafana, so that version is kept");
    assert_eq!(title(&scene), "Mine, made inside Grafana");
}

#[test]
fn overwrite_dashboards_replaces_the_edit_inside_grafana() {
    let scene = edited_inside();
    scene.run(["up", "--overwrite-dashboards"]).exits(0);
    assert_eq!(title(&scene), "Test TDD Project - Main Dashboard");
    let status = scene.run(["status", "--output", "json"]).json();
    assert_eq!(status["edited_inside"], json!([]));
    edit_file(&scene);
    scene.run(["up"]).exits(0);
    assert_eq!(title(&scene), "From the file, Test TDD Project - Main Dashboard");
}

#[test]
fn pull_writes_the_edit_into_the_file() {
    let scene = edited_inside();
    scene.run(["dashboards", "pull"]).exits(0);
    let pulled: Value =
        serde_json::from_str(&scene.read("grafana_dashboards.json")).expect("it is valid JSON");
    assert_eq!(pulled["title"], "Mine, made inside Grafana");
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert_eq!(title(&scene), "Mine, made inside Grafana");
    let status = scene.run(["status", "--output", "json"]).json();
    assert_eq!(
        (&status["edited_inside"], &status["edited"]),
        (&json!([]), &json!(["grafana_dashboards.json"]))
    );
    let again = scene.run(["dashboards", "pull"]);
    assert!(again.exits(0).stdout.contains("unchanged"), "{}", again.stdout);
}

#[test]
fn every_verb_reports_conflicting_dashboard_edits() {
    let scene = edited_inside();
    edit_file(&scene);
    let mine = scene.read("grafana_dashboards.json");
    let conflict = json!([{"kind": "dashboard", "name": "tdd-main", "file": "grafana_dashboards.json"}]);
    let words = "dashboard `tdd-main` was edited inside Grafana and in `grafana_dashboards.json`";
    scene.engine.forget();
    for verb in ["plan", "up", "status"] {
        assert_eq!(scene.run([verb, "--output", "json"]).json()["conflicts"], conflict, "{verb}");
        let shown = scene.run([verb]).exits(0).stdout.clone();
        for text in [words, "dashboards pull --overwrite", "up --overwrite-dashboards"] {
            assert!(shown.contains(text), "`{verb}` does not say `{text}`: {shown}");
        }
        assert!(!shown.contains("up to date"), "{shown}");
    }
    scene.run(["dashboards", "pull"]).exits(4).says(words).says("dashboards pull --overwrite");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert_eq!(
        (title(&scene), scene.read("grafana_dashboards.json")),
        (json!("Mine, made inside Grafana"), mine)
    );
}

#[test]
fn conflicting_edits_are_resolved_by_either_side() {
    let scene = edited_inside();
    edit_file(&scene);
    let mine = scene.read("grafana_dashboards.json");
    scene.run(["dashboards", "pull", "--overwrite"]).exits(0);
    let pulled: Value =
        serde_json::from_str(&scene.read("grafana_dashboards.json")).expect("it is valid JSON");
    assert_eq!(pulled["title"], "Mine, made inside Grafana");
    assert_eq!(scene.read("grafana_dashboards.json.bak-1"), mine);
    assert_eq!(scene.run(["plan", "--output", "json"]).json()["conflicts"], json!([]));

    let scene = edited_inside();
    edit_file(&scene);
    scene.run(["up", "--overwrite-dashboards"]).exits(0);
    assert_eq!(title(&scene), "From the file, Test TDD Project - Main Dashboard");
    assert_eq!(scene.run(["plan", "--output", "json"]).json()["conflicts"], json!([]));
}

#[test]
fn pull_keeps_file_without_edit_inside_grafana() {
    let scene = Scene::after_up(program!());
    edit_file(&scene);
    let mine = scene.read("grafana_dashboards.json");
    let pull = scene.run(["dashboards", "pull"]);
    assert!(pull.exits(0).stdout.contains("unchanged"), "{}", pull.stdout);
    assert_eq!(scene.read("grafana_dashboards.json"), mine);
    // The next `up` applies the edit.
    scene.run(["up"]).exits(0);
    assert_eq!(title(&scene), "From the file, Test TDD Project - Main Dashboard");
}

#[test]
fn second_import_updates_the_checksum() {
    let scene = Scene::after_up(program!());
    edit_file(&scene);
    scene.run(["up"]).exits(0);
    scene.engine.grafana("tdd_grafana_data", |store| {
        store.dashboards.get_mut("tdd-main").expect("the dashboard was imported")["title"] = json!("Mine");
    });
    // The file equals the imported version, so only Grafana's version was edited.
    assert_eq!(scene.run(["plan", "--output", "json"]).json()["conflicts"], json!([]));
    scene.run(["dashboards", "pull"]).exits(0);
    assert!(scene.read("grafana_dashboards.json").contains("\"title\": \"Mine\""));
}

#[test]
fn plan_shows_the_changed_lines() {
    let scene = Scene::after_up(program!());
    scene.edit(
        "alerts.yml",
        &scene.read("alerts.yml").replace("memory_usage_percent > 90", "memory_usage_percent > 95"),
    );
    edit_file(&scene);
    let plan = scene.run(["plan"]).exits(0).stdout.clone();
    for line in [
        "--- alerts.yml (running)",
        "-        expr: memory_usage_percent > 90",
        "+        expr: memory_usage_percent > 95",
        "--- tdd-main (running)",
        "+  \"title\": \"From the file, Test TDD Project - Main Dashboard\",",
    ] {
        assert!(
            plan.lines().any(|found| found.trim_end_matches(',') == line.trim_end_matches(',')),
            "{line} is not in\n{plan}"
        );
    }
    let changes = scene.run(["plan", "--output", "json"]).json()["changes"].take();
    let names: Vec<&Value> =
        changes.as_array().expect("it is a list").iter().map(|change| &change["name"]).collect();
    assert_eq!(names, ["alerts.yml", "tdd-main"]);
}
