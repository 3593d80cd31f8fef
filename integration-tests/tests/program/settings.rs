//! Sources of settings: `tdd-stack.yaml`, then the environment, then flags, and their errors.

use fake_engine::FakeEngine;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};

/// Returns the name of the stack that `plan` uses.
fn stack_of(scene: &Scene, variable: Option<&str>, flag: Option<&str>) -> Value {
    let mut run = scene.tdd_stack(["plan", "--output", "json"]);
    if let Some(value) = variable {
        run = run.env("TDD_STACK_STACK", value);
    }
    if let Some(value) = flag {
        run = run.args(["--stack", value]);
    }
    run.run().exits(0).json()["stack"].clone()
}

#[test]
fn flag_overrides_variable_and_variable_overrides_file() {
    let scene = Scene::new(program!());
    assert_eq!(stack_of(&scene, None, None), "tdd");
    scene.settings("stack: from-file\n");
    assert_eq!(stack_of(&scene, None, None), "from-file");
    assert_eq!(stack_of(&scene, Some("from-variable"), None), "from-variable");
    assert_eq!(stack_of(&scene, Some("from-variable"), Some("from-flag")), "from-flag");
    assert_eq!(stack_of(&scene, None, Some("from-flag")), "from-flag");
}

#[test]
fn every_key_of_the_settings_file_has_an_effect() {
    let scene = Scene::with_images(program!());
    scene.settings(&format!(
        "stack: mine\nbind: {}\nport: {{prometheus: auto, grafana: 3001, node-exporter: auto, alertmanager: auto}}\n\
         image: {{grafana: 'ghcr.io/me/grafana:1'}}\nregistry: mirror.example:5000\nenvironment: demo\n\
         app-host: 192.0.2.7\ngrafana-password-file: secret\noutput: json\nprogress: quiet\nhost: {}\n",
        scene.address(),
        scene.engine.host()
    ));
    std::fs::write(scene.folder().join("secret"), "my-own-one\n").expect("it is writable");
    let run = scene.bare().env("DOCKER_HOST", "").args(["up"]).run();
    assert_eq!(run.exits(0).stderr, "");
    assert_eq!(run.json()["stack"], "mine");
    assert_eq!(scene.engine.specification("mine-grafana")["Image"], "ghcr.io/me/grafana:1");
    let prometheus = scene.engine.specification("mine-prometheus");
    assert_eq!(prometheus["Image"], "mirror.example:5000/prom/prometheus:v3.13.4");
    assert_eq!(prometheus["HostConfig"]["ExtraHosts"], json!(["tdd-app:192.0.2.7"]));
    assert!(prometheus["Env"].to_string().contains("ENVIRONMENT=demo"));
    let grafana = scene.engine.address("mine-grafana").expect("the service runs");
    assert_eq!((grafana.ip().to_string(), grafana.port()), (scene.address().to_string(), 3001));
    scene.engine.grafana("mine_grafana_data", |store| {
        assert_eq!(store.password.as_deref(), Some("my-own-one"));
    });
}

#[test]
fn ports_are_merged_from_file_variable_and_flag() {
    let scene = Scene::with_images(program!());
    scene.settings("port: {prometheus: 19090, grafana: 13000, alertmanager: 19093}\n");
    let run = scene.bare().env("TDD_STACK_BIND", scene.address().to_string());
    let run = run.env("TDD_STACK_PORT", "grafana=13001,node-exporter=19100");
    run.args(["up", "--port", "alertmanager=19094"]).run().exits(0);
    let port = |service: &str| scene.engine.address(&format!("tdd-{service}")).map(|address| address.port());
    assert_eq!(port("prometheus"), Some(19090), "from the file");
    assert_eq!(port("alertmanager"), Some(19094), "from the flag");
    assert_eq!(port("grafana"), Some(13001), "from the variable");
    assert_eq!(port("node-exporter"), Some(19100), "from the variable");
}

#[test]
fn settings_file_without_keys_is_accepted() {
    let scene = Scene::new(program!());
    for text in ["", "\n", "# nothing yet\n", "---\n"] {
        scene.settings(text);
        scene.run(["plan"]).exits(0);
    }
}

#[test]
fn settings_error_names_file_line_and_key() {
    let scene = Scene::new(program!());
    for (text, line, words) in [
        ("stack: tdd\nprot:\n  grafana: 1\n", 2, "prot"),
        ("stack: tdd\nport:\n  grafana: 70000\n", 3, "port"),
        ("stack: tdd\noutput: xml\n", 2, "xml"),
        ("stack: tdd\nbind: nowhere\n", 2, "bind"),
        ("stack: tdd\napp-host: the moon\n", 2, "none of `host`, `network` and an IP address"),
        ("stack: [\n", 2, "while parsing a flow node"),
        ("dir: elsewhere\n", 1, "dir"),
    ] {
        scene.settings(text);
        let output = scene.run(["plan"]);
        let file = scene.folder().join("tdd-stack.yaml");
        output.exits(2).says(&file.display().to_string()).says(words).says(&format!("line {line}"));
        assert_eq!(output.stdout, "");
    }
    assert_eq!(scene.engine.requests(), [""; 0], "the engine was asked before the settings were read");
}

#[test]
fn invalid_value_of_the_file_names_the_file() {
    for (text, words) in [
        ("stack: Bad Name\n", "lower-case letters"),
        ("port: {loki: 1}\n", "there is no service `loki`"),
        ("image: {loki: 'a/b:1'}\n", "there is no service `loki`"),
        ("image: {grafana: grafana/grafana}\n", "has no tag and no digest"),
        ("registry: 'http://mirror.example'\n", "is no registry host"),
    ] {
        let scene = Scene::new(program!());
        scene.settings(text);
        scene.run(["plan"]).exits(2).says(words).says("tdd-stack.yaml");
    }
}

#[test]
fn flag_error_never_blames_the_settings_file() {
    let scene = Scene::new(program!());
    let output = scene.bare().args(["plan", "--image", "grafana=tdd-stack.yaml"]).run();
    output.exits(2).says("tdd-stack.yaml").does_not_say("its keys are the global flags");
}

#[test]
fn invalid_value_of_a_flag_is_rejected() {
    let scene = Scene::new(program!());
    for (arguments, words) in [
        (["--stack", "Bad Name"], "--stack: `Bad Name` is no stack name"),
        (["--port", "loki=1"], "--port: there is no service `loki`"),
        (["--image", "grafana=grafana/grafana"], "has no tag and no digest"),
        (["--registry", "http://mirror.example"], "--registry: `http://mirror.example` is no registry host"),
        (["--bind", "0.0.0.0"], "--grafana-password-file"),
    ] {
        scene.bare().args(["plan"]).args(arguments).run().exits(2).says(words);
    }
    assert_eq!(scene.engine.requests(), [""; 0]);
}

#[test]
fn unreadable_settings_file_is_reported() {
    let scene = Scene::new(program!());
    std::fs::create_dir(scene.folder().join("tdd-stack.yaml")).expect("it can be created");
    scene.run(["plan"]).exits(4).says("cannot read `").says("tdd-stack.yaml");
}

#[test]
fn folder_defaults_to_the_working_directory() {
    let scene = Scene::new(program!());
    let run = scene.bare().env("TDD_STACK_DIR", ".").in_folder(scene.folder()).args(["init"]).run();
    assert!(run.exits(0).stdout.contains("12 files written to ./config/monitoring"), "{}", run.stdout);
    assert!(scene.file("prometheus.yml").exists());
}

#[test]
fn host_flag_overrides_host_variables() {
    let scene = Scene::new(program!());
    let other = FakeEngine::start();
    scene.bare().args(["plan", "--host", &other.host()]).run().exits(0);
    assert_eq!((scene.engine.requests().len(), other.requests().is_empty()), (0, false));
    scene
        .bare()
        .env("TDD_STACK_HOST", other.host())
        .args(["plan", "--host", &scene.engine.host()])
        .run()
        .exits(0);
    assert!(!scene.engine.requests().is_empty());
}

#[test]
fn invalid_engine_selection_has_its_exit_code() {
    let scene = Scene::new(program!());
    scene.bare().args(["plan", "--context", "far"]).run().exits(3).says("no Docker context is named `far`");
    let both = scene.bare().args(["plan", "--context", "default", "--host", &scene.engine.host()]).run();
    both.exits(2).says("cannot be given together");
    scene.bare().args(["plan", "--host", "ssh://me@far"]).run().exits(3).says("needs ssh").says("ssh -N -L");
}
