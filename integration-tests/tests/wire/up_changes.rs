//! `tdd-stack up` on a stack that differs: the smallest action that mends it, and nothing else.

use fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

/// A rule more, at the end of the shipped ones.
fn further_rule(scene: &Scene) -> String {
    let group = "  - name: mine\n    rules:\n      - alert: Mine\n        expr: up == 7\n";
    format!("{}{group}", scene.read("alerts.yml"))
}

/// The requests that changed something, without those of the short-lived containers that check files.
fn changes(scene: &Scene) -> Vec<String> {
    let is_check = |request: &String| request.contains("nameless_") || request == "POST /containers/create";
    scene.engine.changes().into_iter().filter(|request| !is_check(request)).collect()
}

#[test]
fn an_edited_rules_file_is_checked_put_inside_and_read_again() {
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
    assert_eq!(scene.engine.containers().len(), 4, "the checks leave no container");
    assert!(scene.engine.loaded("tdd-prometheus")["alerts.yml"] == edited, "Prometheus goes by the old file");
    assert!(scene.read("alerts.yml") == edited, "the user's file was overwritten");
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn an_edited_alertmanager_file_concerns_alertmanager_only() {
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
fn a_rules_file_that_its_check_rejects_changes_nothing() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.loaded("tdd-prometheus");
    scene.edit("alerts.yml", "groups: [\n");
    let output = scene.run(["up"]);
    output.exits(1).says("config/monitoring/alerts.yml").says("hint: nothing was changed");
    assert_eq!(changes(&scene), [""; 0]);
    assert!(scene.engine.loaded("tdd-prometheus") == before, "Prometheus goes by the rejected file");
    assert_eq!(scene.engine.containers().len(), 4, "the checks leave no container");
}

#[test]
fn a_rejected_file_keeps_an_edited_dashboard_out_too() {
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
fn a_reload_that_could_not_be_asked_for_is_made_up_for() {
    let scene = Scene::after_up(program!());
    let edited = further_rule(&scene);
    scene.edit("alerts.yml", &edited);
    scene.engine.fail(Fault::Fails("POST /containers/tdd-prometheus/kill"));
    scene.run(["up"]).exits(1).says("cannot send HUP to `tdd-prometheus`");
    scene.engine.recover();
    scene.run(["up"]).exits(0);
    let loaded = scene.engine.loaded("tdd-prometheus");
    assert!(loaded["alerts.yml"] == edited, "Prometheus still goes by the old file");
}

#[test]
fn a_configuration_that_is_refused_at_the_reload_is_not_called_done() {
    let scene = Scene::after_up(program!());
    scene.edit("alerts.yml", &further_rule(&scene));
    scene.engine.fail(Fault::ReloadRefused("prometheus"));
    for _ in 0..2 {
        let output = scene.run(["up", "--wait-timeout", "2s"]);
        output.exits(1).says("rejects the new configuration").says("tdd-stack logs prometheus");
    }
}

#[test]
fn an_edited_dashboard_is_imported_and_no_container_is_touched() {
    let scene = Scene::after_up(program!());
    let text = scene.read("grafana_dashboards.json").replacen("\"title\": \"", "\"title\": \"Mine, ", 1);
    scene.edit("grafana_dashboards.json", &text);
    scene.run(["up"]).exits(0);
    // The mark alone, by which a later edit inside Grafana is known.
    assert_eq!(scene.engine.changes(), ["PUT /containers/tdd-grafana/archive?path=/var/lib/grafana"]);
    let asked = scene.engine.service_requests();
    let changed: Vec<&String> = asked.iter().filter(|request| !request.starts_with("GET ")).collect();
    assert_eq!(changed, ["POST grafana /api/dashboards/db"]);
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.dashboards["tdd-main"]["version"], 2);
    });
}

#[test]
fn a_broken_dashboard_is_named_with_its_line_and_changes_nothing() {
    let scene = Scene::after_up(program!());
    let file = scene.file("grafana_dashboards.json");
    scene.edit("grafana_dashboards.json", "{\n  \"title\": oops\n}\n");
    let output = scene.run(["up"]);
    output.exits(1).says(&format!("{}:2: invalid JSON", file.display()));
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn what_was_changed_by_hand_in_grafana_is_set_right() {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| {
        let found = store.data_sources.get_mut("prometheus").expect("it is there");
        found["url"] = json!("http://elsewhere:9090");
    });
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
    scene.engine.grafana("tdd_grafana_data", |store| {
        assert_eq!(store.data_sources["prometheus"]["url"], "http://prometheus:9090");
    });
}

#[test]
fn a_data_source_of_the_same_name_is_no_obstacle_that_goes_unsaid() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    scene.engine.grafana("tdd_grafana_data", |store| {
        let mut found = store.data_sources.remove("prometheus").expect("it is there");
        found["uid"] = json!("by-hand");
        store.data_sources.insert("by-hand".into(), found);
    });
    let output = scene.run(["up"]);
    output.exits(1).says("cannot set data source `prometheus`: Grafana answered 404");
}

#[test]
fn another_image_replaces_its_container_and_no_other() {
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
fn a_new_container_that_dies_makes_room_for_the_old_one() {
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
fn a_replacement_that_was_cut_off_is_gone_on_with_or_given_up() {
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
fn a_refused_reload_brings_the_last_good_files_back() {
    let scene = Scene::after_up(program!());
    let before = scene.engine.loaded("tdd-prometheus");
    scene.edit("alerts.yml", &further_rule(&scene));
    scene.engine.fail(Fault::ReloadRefusedOnce("prometheus"));
    let output = scene.run(["up", "--wait-timeout", "5s"]);
    output.exits(1).says("the change failed and was rolled back").says("rejects the new configuration");
    let inside = scene.engine.files("tdd_prometheus_config");
    assert!(inside["alerts.yml"] == before["alerts.yml"], "the refused rules are still inside");
    assert!(scene.engine.loaded("tdd-prometheus") == before);
}

#[test]
fn a_tag_that_has_moved_on_is_followed_when_asked() {
    let scene = Scene::after_up(program!());
    scene.engine.publish("grafana/grafana:13.1.7");
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0], "without being asked, nothing is pulled");
    let before = ["prometheus", "grafana"].map(|service| scene.engine.id(&format!("tdd-{service}")));
    scene.run(["up", "--pull", "always"]).exits(0);
    let after = ["prometheus", "grafana"].map(|service| scene.engine.id(&format!("tdd-{service}")));
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn a_container_in_any_state_comes_to_run_again() {
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
fn a_container_that_was_made_and_not_started_comes_to_run() {
    let scene = Scene::after_up(program!());
    scene.engine.set_phase("tdd-grafana", Phase::Created);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.containers()["tdd-grafana"], Phase::Running);
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn a_container_that_was_removed_is_made_anew_and_keeps_its_data() {
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
fn a_network_that_was_removed_is_made_anew_with_what_hangs_on_it() {
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
fn another_environment_concerns_prometheus_only() {
    let scene = Scene::after_up(program!());
    scene.run(["up", "--environment", "demo"]).exits(0);
    assert!(scene.engine.specification("tdd-prometheus")["Env"].to_string().contains("ENVIRONMENT=demo"));
    let touched = |name: &str| scene.engine.changes().iter().any(|request| request.contains(name));
    assert!(touched("tdd-prometheus"));
    assert!(!touched("tdd-grafana") && !touched("tdd-alertmanager") && !touched("tdd-node-exporter"));
}

#[test]
fn what_a_check_left_behind_is_removed() {
    let scene = Scene::after_up(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.check": "promtool check config"});
    scene.engine.add_container("hopeful_moser", &labels, None);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), ["DELETE /containers/hopeful_moser?force=true&v=true"]);
}

#[test]
fn a_file_of_an_older_release_is_replaced_and_an_edited_one_is_not() {
    let scene = Scene::after_up(program!());
    let shipped = scene.read("alerts.yml");
    let old = "groups: []\n";
    scene.edit("alerts.yml", old);
    let list = scene.read(".tdd-stack.sha256");
    let hash = |text: &str| tdd_stack::model::stack::sha256(text.as_bytes());
    scene.edit(".tdd-stack.sha256", &list.replace(&hash(&shipped), &hash(old)));
    scene.run(["up"]).exits(0);
    assert!(scene.read("alerts.yml") == shipped, "the older file stays");
    scene.edit("alerts.yml", old);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.read("alerts.yml"), old);
}
