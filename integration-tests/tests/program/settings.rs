//! The sources of settings, and the errors in them.

use std::path::Path;

use fake_engine::FakeEngine;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};
use tdd_stack::config::settings::{KEYS, Layer, Settings};
use tdd_stack::model::stack::Service;
use tdd_stack::services;

/// Returns the name of the stack in a plan.
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
fn flags_override_variables_and_variables_override_the_file() {
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
fn ports_and_images_are_merged_from_all_sources() {
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
fn file_without_keys_is_valid() {
    let scene = Scene::new(program!());
    for text in ["", "\n", "# nothing yet\n", "---\n"] {
        scene.settings(text);
        scene.run(["plan"]).exits(0);
    }
}

#[test]
fn errors_in_the_file_name_line_and_key() {
    let scene = Scene::new(program!());
    for (text, line, words) in [
        ("stack: tdd\nprot:\n  grafana: 1\n", 2, "unknown key `prot`; did you mean `port`?"),
        ("stack: tdd\nport:\n  grafana: 70000\n", 2, "port: grafana: `70000` is not a port"),
        ("stack: tdd\noutput: xml\n", 2, "output: unknown variant `xml`"),
        ("stack: tdd\nbind: nowhere\n", 2, "bind: `nowhere`"),
        ("stack: tdd\napp-host: the moon\n", 2, "neither `host`, `network` nor an IP address"),
        ("stack: [\n", 2, "while parsing a flow node"),
        ("dir: elsewhere\n", 1, "unknown key `dir`"),
    ] {
        scene.settings(text);
        let output = scene.run(["plan"]);
        let file = scene.folder().join("tdd-stack.yaml");
        output.exits(2).says(&format!("{}:{line}: ", file.display())).says(words);
        assert_eq!(output.stdout, "");
    }
    assert_eq!(scene.engine.requests(), [""; 0], "the engine was asked before the settings were read");
}

#[test]
fn invalid_values_in_the_file_name_the_file() {
    for (text, words) in [
        ("stack: Bad Name\n", ":1: stack: `Bad Name` is not a stack name"),
        ("port: {loki: 1}\n", ":1: port: loki: unknown service `loki`"),
        ("image: {loki: 'a/b:1'}\n", ":1: image: loki: unknown service `loki`"),
        ("image: {grafana: grafana/grafana}\n", "has no tag and no digest"),
        ("registry: 'http://mirror.example'\n", "is not a registry host"),
        ("# open\nbind: 0.0.0.0\n", ":2: bind: 0.0.0.0 is reachable from other machines"),
        ("host: 'nonsense'\n", ":1: host) has no scheme"),
    ] {
        let scene = Scene::new(program!());
        scene.settings(text);
        scene.bare().args(["plan"]).run().exits(2).says(words).says("tdd-stack.yaml");
    }
}

#[test]
fn example_of_the_readme_is_valid_and_complete() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("there is one");
    let (_, example) = readme.split_once("```yaml\n").expect("there is an example");
    let (example, _) = example.split_once("```").expect("it ends");
    let layer = |text: &str| Layer::from_yaml(text, Path::new("tdd-stack.yaml"), &services::names());
    let all = layer(example).expect("the example is valid");
    // The other way to name an engine is in a comment.
    let missing: Vec<&str> = KEYS.into_iter().filter(|key| !all.places.contains_key(*key)).collect();
    assert_eq!(missing, ["context"]);
    assert!(example.contains("# context: "));
    let is_example = |line: &&str| line.contains(" # example");
    let defaults: Vec<&str> = example.lines().filter(|line| !is_example(line)).collect();
    let defaults = Settings::resolve(layer(&defaults.join("\n")).expect("it is valid"), &services::names());
    let (defaults, built_in) =
        (defaults.expect("it is valid"), Settings::resolve(Layer::default(), &services::names()));
    let shown = |settings: &Settings| {
        let stack = services::assemble(settings);
        let of_service = |service: &Service| format!("{} {:?}", service.image, service.port.address());
        let services: Vec<String> = stack.services.iter().map(of_service).collect();
        let rest = (
            &settings.stack,
            settings.app_host,
            &settings.environment,
            settings.no_wait,
            settings.output,
            settings.progress,
        );
        format!("{services:?} {rest:?}")
    };
    assert_eq!(shown(&defaults), shown(&built_in.expect("the defaults are valid")));
}

#[test]
fn empty_variables_count_as_unset() {
    let scene = Scene::new(program!());
    let run = |name: &str| scene.bare().env(name, "").args(["plan", "--output", "json"]).run();
    for name in
        ["STACK", "BIND", "APP_HOST", "NO_WAIT", "OUTPUT", "PROGRESS", "IMAGE", "GRAFANA_PASSWORD", "QUUX"]
    {
        let output = run(&format!("TDD_STACK_{name}"));
        assert_eq!(
            (output.exits(0).json()["stack"].as_str(), output.stderr.as_str()),
            (Some("tdd"), ""),
            "{name}"
        );
    }
}

#[test]
fn boolean_variables_accept_the_usual_words() {
    let scene = Scene::new(program!());
    for word in ["1", "YES", "On", "true", "0", "no", "OFF", "False"] {
        scene.bare().env("TDD_STACK_NO_WAIT", word).args(["plan"]).run().exits(0);
    }
    let output = scene.bare().env("TDD_STACK_NO_WAIT", "perhaps").args(["plan"]).run();
    output.exits(2).says("error: TDD_STACK_NO_WAIT: `perhaps` is neither `true` nor `false`");
}

#[test]
fn unknown_variables_are_warned_about_once() {
    let scene = Scene::new(program!());
    let run = scene.bare().env("TDD_STACK_RESGISTRY", "x").env("TDD_TEST_STACK", "x").args(["init"]).run();
    let warnings: Vec<&str> = run.exits(0).stderr.lines().filter(|line| line.contains("warning")).collect();
    assert_eq!(warnings, ["warning: unknown variable TDD_STACK_RESGISTRY; did you mean TDD_STACK_REGISTRY?"]);
}

#[test]
fn invalid_values_of_variables_name_the_variable() {
    let scene = Scene::new(program!());
    for (name, value, words) in [
        ("STACK", "Bad Name", "`Bad Name` is not a stack name"),
        ("PORT", "loki=1", "unknown service `loki`"),
        ("PORT", "grafana=0", "`0` is not a port"),
        ("IMAGE", "grafana", "`grafana` is not a pair"),
        ("IMAGE", "grafana=grafana/grafana", "has no tag and no digest"),
        ("REGISTRY", "http://mirror.example", "is not a registry host"),
        ("BIND", "0.0.0.0", "0.0.0.0 is reachable from other machines"),
        ("BIND", "nowhere", "invalid value `nowhere`"),
        ("APP_HOST", "the moon", "neither `host`, `network` nor an IP address"),
        ("OUTPUT", "xml", "`xml` is not a valid value; the values are human, json"),
    ] {
        let output = scene.bare().env(&format!("TDD_STACK_{name}"), value).args(["plan"]).run();
        output.exits(2).says(&format!("error: TDD_STACK_{name}: ")).says(words);
    }
    let output = scene.bare().env("TDD_STACK_HOST", "nonsense").args(["plan"]).run();
    output.exits(2).says("`nonsense` (from TDD_STACK_HOST) has no scheme");
}

#[test]
fn flag_errors_do_not_blame_the_settings_file() {
    let scene = Scene::new(program!());
    let output = scene.bare().args(["plan", "--image", "grafana=tdd-stack.yaml"]).run();
    output.exits(2).says("tdd-stack.yaml").does_not_say("its keys are the global flags");
}

#[test]
fn invalid_values_of_flags_name_the_flag() {
    let scene = Scene::new(program!());
    for (arguments, words) in [
        (["--stack", "Bad Name"], "--stack: `Bad Name` is not a stack name"),
        (["--port", "loki=1"], "--port: unknown service `loki`"),
        (["--image", "grafana=grafana/grafana"], "has no tag and no digest"),
        (
            ["--registry", "http://mirror.example"],
            "--registry: `http://mirror.example` is not a registry host",
        ),
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
fn default_folder_is_the_current_one() {
    let scene = Scene::new(program!());
    let run = scene.bare().env("TDD_STACK_DIR", ".").in_folder(scene.folder()).args(["init"]).run();
    assert!(run.exits(0).stdout.contains("12 files written to ./config/monitoring"), "{}", run.stdout);
    assert!(scene.file("prometheus.yml").exists());
}

#[test]
fn host_flag_overrides_variables() {
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
fn unusable_engine_addresses_are_rejected_with_a_hint() {
    let scene = Scene::new(program!());
    scene.bare().args(["plan", "--context", "far"]).run().exits(3).says("no Docker context is named `far`");
    let both = scene.bare().args(["plan", "--context", "default", "--host", &scene.engine.host()]).run();
    both.exits(2).says("cannot be given together");
    scene.bare().args(["plan", "--host", "ssh://me@far"]).run().exits(3).says("needs ssh").says("ssh -N -L");
}
