//! `tdd-stack up` on a stack that differs: the smallest change that fixes it.

use fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

/// Returns the shipped rules with one more at the end.
fn further_rule(scene: &Scene) -> String {
    let group = "  - name: mine\n    rules:\n      - alert: Mine\n        expr: up == 7\n";
    format!("{}{group}", scene.read("alerts.yml"))
}

/// Returns the changing requests without those of the helper containers that check files.
fn changes(scene: &Scene) -> Vec<String> {
    let is_check = |request: &String| request.contains("nameless_") || request == "POST /containers/create";
    scene.engine.changes().into_iter().filter(|request| !is_check(request)).collect()
}

#[test]
fn edited_rules_are_checked_uploaded_and_reloaded() {
    let scene = Scene::after_up(program!());
    let edited = further_rule(&scene);
    scene.edit("alerts.yml", &edited);
    scene.run(["up"]).exits(0);
    assert_eq!(
        changes(&scene),
        [
            "PUT /containers/tdd-prometheus/archive?path=/etc/prometheus",
            "POST /containers/tdd-prometheus/kill?signal=HUP",
            "PUT /containers/tdd-prometheus/archive?path=/etc/prometheus"
        ]
    );
    let checks =
        scene.engine.changes().iter().filter(|request| *request == "POST /containers/create").count();
    assert_eq!(checks, 2, "promtool checks the configuration and the rules");
    assert_eq!(scene.engine.containers().len(), 4, "a check left its container");
    assert!(
        scene.engine.loaded("tdd-prometheus")["alerts.yml"] == edited,
        "Prometheus has loaded the old file"
    );
    assert!(scene.read("alerts.yml") == edited, "the user's file was overwritten");
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn edited_alertmanager_file_reloads_only_alertmanager() {
    let scene = Scene::after_up(program!());
    scene.edit("alertmanager.yml", &format!("{}\n# mine\n", scene.read("alertmanager.yml")));
    scene.run(["up"]).exits(0);
    assert_eq!(
        changes(&scene),
        [
            "PUT /containers/tdd-alertmanager/archive?path=/etc/alertmanager",
            "POST /containers/tdd-alertmanager/kill?signal=HUP",
            "PUT /containers/tdd-alertmanager/archive?path=/etc/alertmanager"
        ]
    );
}

#[test]
fn rejected_rules_change_nothing() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.loaded("tdd-prometheus");
    scene.edit("alerts.yml", "groups: [\n");
    let output = scene.run(["up"]);
    output.exits(1).says("config/monitoring/alerts.yml").says("hint: nothing was changed");
    assert_eq!(changes(&scene), [""; 0]);
    assert!(scene.engine.loaded("tdd-prometheus") == before, "Prometheus has loaded the rejected file");
    assert_eq!(scene.engine.containers().len(), 4, "a check left its container");
}

#[test]
fn rejected_file_prevents_the_dashboard_import() {
    let scene = Scene::after_up(program!());
    scene.edit("alerts.yml", "groups: [\n");
    let title = "\"title\": \"Mine, ";
    scene.edit(
        "grafana_dashboards.json",
        &scene.read("grafana_dashboards.json").replacen("\"title\": \"", title, 1),
    );
    scene.run(["up"]).exits(1).says("nothing was changed");
    let asked = scene.engine.service_requests();
    assert_eq!(asked.iter().find(|request| !request.starts_with("GET ")), None);
}

#[test]
fn failed_reload_signal_is_repeated_by_next_up() {
    let scene = Scene::after_up(program!());
    let edited = further_rule(&scene);
    scene.edit("alerts.yml", &edited);
    scene.engine.fail(Fault::Fails("POST /containers/tdd-prometheus/kill"));
    scene.run(["up"]).exits(1).says("cannot send HUP to `tdd-prometheus`");
    scene.engine.recover();
    scene.run(["up"]).exits(0);
    let loaded = scene.engine.loaded("tdd-prometheus");
    assert!(loaded["alerts.yml"] == edited, "Prometheus still has the old file loaded");
}

#[test]
fn rejected_reload_fails_on_every_up() {
    let scene = Scene::after_up(program!());
    scene.edit("alerts.yml", &further_rule(&scene));
    scene.engine.fail(Fault::ReloadRefused("prometheus"));
    for _ in 0..2 {
        let output = scene.run(["up", "--wait-timeout", "2s"]);
        output.exits(1).says("rejects the new configuration").says("tdd-stack logs prometheus");
    }
}

#[test]
fn edited_dashboard_is_imported_without_touching_containers() {
    let scene = Scene::after_up(program!());
    let text = scene.read("grafana_dashboards.json").replacen("\"title\": \"", "\"title\": \"Mine, ", 1);
    scene.edit("grafana_dashboards.json", &text);
    scene.run(["up"]).exits(0);
    // Only the dashboard's checksum, which detects later edits inside Grafana.
    assert_eq!(scene.engine.changes(), ["PUT /containers/tdd-grafana/archive?path=/var/lib/grafana"]);
    let asked = scene.engine.service_requests();
    let changed: Vec<&String> = asked.iter().filter(|request| !request.starts_with("GET ")).collect();
    assert_eq!(changed, ["POST grafana /api/dashboards/db"]);
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.dashboards["tdd-main"]["version"], 2);
    });
}

#[test]
fn invalid_dashboard_names_line_and_changes_nothing() {
    let scene = Scene::after_up(program!());
    let file = scene.file("grafana_dashboards.json");
    scene.edit("grafana_dashboards.json", "{\n  \"title\": oops\n}\n");
    let output = scene.run(["up"]);
    output.exits(1).says(&format!("{}:2: invalid JSON", file.display()));
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn data_source_changed_by_hand_is_reset() {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| {
        let found = store.data_sources.get_mut("prometheus").expect("it exists");
        found["url"] = json!("http://elsewhere:9090");
    });
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.data_sources["prometheus"]["url"], "http://prometheus:9090");
    });
}

#[test]
fn data_source_with_same_name_is_reported() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    scene.engine.grafana("tdd_grafana_data", |store| {
        let mut found = store.data_sources.remove("prometheus").expect("it exists");
        found["uid"] = json!("by-hand");
        store.data_sources.insert("by-hand".into(), found);
    });
    let output = scene.run(["up"]);
    output.exits(1).says("cannot set data source `prometheus`: Grafana answered 404");
}

#[test]
fn changed_image_replaces_only_its_container() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.id("tdd-prometheus");
    scene.run(["up", "--image", "grafana=grafana/grafana:13.1.4"]).exits(0);
    assert_eq!(scene.engine.specification("tdd-grafana")["Image"], "grafana/grafana:13.1.4");
    assert_eq!(
        scene.engine.changes(),
        [
            "POST /images/create?fromImage=grafana/grafana&tag=13.1.4",
            "POST /containers/tdd-grafana/stop?t=30",
            "POST /containers/tdd-grafana/rename?name=tdd-grafana-set-aside",
            "POST /containers/create?name=tdd-grafana",
            "PUT /containers/tdd-grafana/archive?path=/run/tdd-stack",
            "POST /containers/tdd-grafana/start",
            "POST /containers/tdd-prometheus/exec",
            "POST /exec/of-tdd-prometheus/start",
            "DELETE /containers/tdd-grafana-set-aside?v=true"
        ]
    );
    assert_eq!(scene.engine.id("tdd-prometheus"), before);
}

#[test]
fn previous_container_is_restored_when_new_one_exits() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.id("tdd-prometheus");
    scene.engine.fail(Fault::ImageDies("prom/prometheus:v3.5.4"));
    let output = scene.run(["up", "--image", "prometheus=prom/prometheus:v3.5.4"]);
    output
        .exits(1)
        .says("the change failed and was rolled back: prometheus runs as before")
        .says("hint: the diagnostics folder has its log");
    output.says("`prometheus` exited with code 1").says("unknown long flag");
    assert_eq!(scene.engine.id("tdd-prometheus"), before);
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
    assert!(scene.engine.containers().values().all(|phase| *phase == Phase::Running));
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn killed_replacement_is_finished_or_rolled_back() {
    for (then, image) in [
        (&["up", "--image", "grafana=grafana/grafana:13.1.4"][..], "grafana/grafana:13.1.4"),
        (&["up"], "grafana/grafana:13.1.7"),
    ] {
        let scene = Scene::after_up(program!());
        let old = scene.engine.id("tdd-grafana");
        scene.engine.fail(Fault::NoAnswer("POST /containers/tdd-grafana/start"));
        let running = scene.tdd_stack(["up", "--image", "grafana=grafana/grafana:13.1.4"]).spawn();
        scene.engine.await_request("POST /containers/tdd-grafana/start");
        running.kill();
        scene.engine.recover();
        assert!(scene.engine.containers().contains_key("tdd-grafana-set-aside"));
        scene.tdd_stack([]).args(then).run().exits(0);
        assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
        assert_eq!(scene.engine.specification("tdd-grafana")["Image"], image);
        assert_eq!(scene.engine.id("tdd-grafana") == old, then.len() == 1);
        scene.engine.forget();
        scene.tdd_stack([]).args(then).run().exits(0);
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
}

#[test]
fn rejected_reload_restores_the_previous_files() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.loaded("tdd-prometheus");
    scene.edit("alerts.yml", &further_rule(&scene));
    scene.engine.fail(Fault::ReloadRefusedOnce("prometheus"));
    let output = scene.run(["up", "--wait-timeout", "5s"]);
    output.exits(1).says("the change failed and was rolled back").says("rejects the new configuration");
    let inside = scene.engine.files("tdd_prometheus_config");
    assert!(inside["alerts.yml"] == before["alerts.yml"], "the rejected rules are still in the container");
    assert!(scene.engine.loaded("tdd-prometheus") == before);
}

#[test]
fn moved_tag_is_followed_only_with_pull_always() {
    let scene = Scene::after_up(program!());
    scene.engine.publish("grafana/grafana:13.1.7");
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0], "the image was pulled without a request");
    let before = ["prometheus", "grafana"].map(|service| scene.engine.id(&format!("tdd-{service}")));
    scene.run(["up", "--pull", "always"]).exits(0);
    let after = ["prometheus", "grafana"].map(|service| scene.engine.id(&format!("tdd-{service}")));
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn exited_or_restarting_container_runs_after_up() {
    for (phase, request) in [
        (Phase::Exited, "POST /containers/tdd-grafana/start"),
        (Phase::Restarting, "POST /containers/tdd-grafana/restart?t=30"),
    ] {
        let scene = Scene::after_up(program!());
        scene.engine.set_phase("tdd-grafana", phase);
        scene.run(["up"]).exits(0);
        assert_eq!(scene.engine.containers()["tdd-grafana"], Phase::Running);
        assert!(scene.engine.changes()[0].starts_with("PUT "), "{phase:?}: its password may be missing");
        assert_eq!(scene.engine.changes()[1], request, "{phase:?}");
        assert_eq!(scene.engine.changes().len(), 4, "{phase:?}: {:#?}", scene.engine.changes());
    }
}

#[test]
fn created_container_is_started() {
    let scene = Scene::after_up(program!());
    scene.engine.set_phase("tdd-grafana", Phase::Created);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.containers()["tdd-grafana"], Phase::Running);
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn removed_container_is_recreated_with_its_data() {
    let scene = Scene::after_up(program!());
    scene.engine.remove_container("tdd-grafana");
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
    let made: Vec<String> =
        scene.engine.changes().into_iter().filter(|request| request.contains("create")).collect();
    assert_eq!(made, ["POST /containers/create?name=tdd-grafana"]);
    scene.engine.grafana("tdd_grafana_data", |store| assert_eq!(store.dashboards["tdd-main"]["version"], 1));
}

#[test]
fn removed_network_is_recreated_with_its_containers() {
    let scene = Scene::after_up(program!());
    scene.engine.remove_network("tdd-monitoring");
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.networks(), ["tdd-monitoring"]);
    assert!(scene.engine.containers().values().all(|phase| *phase == Phase::Running));
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn changed_environment_touches_only_prometheus() {
    let scene = Scene::after_up(program!());
    scene.run(["up", "--environment", "demo"]).exits(0);
    assert!(scene.engine.specification("tdd-prometheus")["Env"].to_string().contains("ENVIRONMENT=demo"));
    let touched = |name: &str| scene.engine.changes().iter().any(|request| request.contains(name));
    assert!(touched("tdd-prometheus"));
    assert!(!touched("tdd-grafana") && !touched("tdd-alertmanager") && !touched("tdd-node-exporter"));
}

#[test]
fn container_of_an_interrupted_check_is_removed() {
    let scene = Scene::after_up(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.check": "promtool check config"});
    scene.engine.add_container("hopeful_moser", &labels, None);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), ["DELETE /containers/hopeful_moser?force=true&v=true"]);
}

#[test]
fn older_file_is_replaced_but_edited_file_is_kept() {
    let scene = Scene::after_up(program!());
    let shipped = scene.read("alerts.yml");
    let old = "groups: []\n";
    scene.edit("alerts.yml", old);
    let list = scene.read(".tdd-stack.sha256");
    let hash = |text: &str| tdd_stack::model::stack::sha256(text.as_bytes());
    scene.edit(".tdd-stack.sha256", &list.replace(&hash(&shipped), &hash(old)));
    scene.run(["up"]).exits(0);
    assert!(scene.read("alerts.yml") == shipped, "the older file was not replaced");
    scene.edit("alerts.yml", old);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.read("alerts.yml"), old);
}
