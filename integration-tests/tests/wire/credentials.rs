//! The password of Grafana's `admin`: its sources, its destinations, and the places that must not contain it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use base64::Engine as _;
use fake_engine::Fault;
use integration_tests::cli::TddStack;
use integration_tests::program;
use integration_tests::scenario::operations;
use integration_tests::scene::Scene;
use tdd_stack::model::stack::LABEL_SPEC;

const VARIABLE: &str = "TDD_STACK_GRAFANA_PASSWORD";
const SECRET: &str = "open-sesame-7";

fn with(scene: &Scene, password: &str, verb: &str) -> TddStack {
    scene.tdd_stack([verb]).env(VARIABLE, password)
}

fn password(scene: &Scene) -> String {
    let mut found = None;
    scene.engine.grafana("tdd_grafana_data", |store| found.clone_from(&store.password));
    found.expect("Grafana has started")
}

fn tries(scene: &Scene) -> u32 {
    let mut found = 0;
    scene.engine.grafana("tdd_grafana_data", |store| found = store.wrong_tries);
    found
}

fn file(scene: &Scene, text: &str) -> PathBuf {
    let path = scene.folder().join("secret");
    std::fs::write(&path, text).expect("the file is writable");
    path
}

#[test]
fn new_grafana_gets_password_from_file_or_environment() {
    let scene = Scene::with_images(program!());
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!(password(&scene), SECRET);
    let scene = Scene::with_images(program!());
    let path = file(&scene, "from a file\n");
    // The flag overrides the variable.
    with(&scene, SECRET, "up").args(["--grafana-password-file".as_ref(), path.as_os_str()]).run().exits(0);
    assert_eq!(password(&scene), "from a file");
    let scene = Scene::with_images(program!());
    let path = file(&scene, "from a file\n");
    with(&scene, SECRET, "up").env("TDD_STACK_GRAFANA_PASSWORD_FILE", path).run().exits(0);
    assert_eq!(password(&scene), "from a file");
}

#[test]
fn password_variable_overrides_file_of_the_settings() {
    let scene = Scene::with_images(program!());
    file(&scene, "from a file\n");
    scene.settings("grafana-password-file: secret\n");
    scene.run(["up"]).exits(0);
    assert_eq!(password(&scene), "from a file");
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!(password(&scene), SECRET);
}

#[test]
fn password_as_argument_is_rejected_and_not_repeated() {
    let scene = Scene::new(program!());
    for arguments in [["up", "--grafana-password", SECRET], ["--grafana-password", SECRET, "status"]] {
        let output = scene.run(arguments);
        output.exits(2).says("--grafana-password-file").says("--grafana-password-prompt").says(VARIABLE);
        output.says("--generate-password").does_not_say(SECRET);
    }
    scene.run(["up", "--grafana-password"]).exits(2).says("--grafana-password-file");
    scene.settings("grafana-password: open-sesame-7\n");
    scene.run(["up"]).exits(2).says("grafana-password-file").says("yaml:1: ").does_not_say(SECRET);
    assert_eq!(scene.engine.requests(), [""; 0]);
}

#[test]
fn invalid_password_is_rejected_before_any_engine_call() {
    let scene = Scene::new(program!());
    for (text, words) in
        [("", "is empty"), ("\n", "is empty"), ("abc", "fewer than 4"), ("two\nlines", "line")]
    {
        let path = file(&scene, text);
        let run = scene.tdd_stack(["up"]).args(["--grafana-password-file".as_ref(), path.as_os_str()]);
        run.run().exits(2).says(words).says(&path.display().to_string());
    }
    scene.run(["up", "--grafana-password-file", "/nowhere"]).exits(2).says("/nowhere");
    with(&scene, "abc", "up").run().exits(2).says(VARIABLE).says("fewer than 4");
    scene.run(["up", "--grafana-password-prompt"]).exits(2).says("not a terminal").says(VARIABLE);
    assert_eq!(scene.engine.requests(), [""; 0]);
}

#[test]
fn well_known_password_is_rejected_beyond_loopback() {
    for address in ["0.0.0.0", "::", "192.0.2.7"] {
        let scene = Scene::new(program!());
        let plan = || scene.bare().args(["plan", "--bind", address]);
        plan().run().exits(2).says("--grafana-password-file").says("--generate-password");
        plan().env(VARIABLE, "admin123").run().exits(2).says("the default one");
        let path = file(&scene, "admin123\n");
        plan()
            .args(["--grafana-password-file".as_ref(), path.as_os_str()])
            .run()
            .exits(2)
            .says("the default one");
        assert_eq!(scene.engine.requests(), [""; 0]);
        plan().env(VARIABLE, SECRET).run().does_not_say("the default one");
        assert!(!scene.engine.requests().is_empty());
    }
    let scene = Scene::new(program!());
    scene.bare().args(["plan", "--bind", "::1"]).run().does_not_say("the default one");
}

#[test]
fn generated_password_is_private_reused_and_never_shown() {
    let scene = Scene::with_images(program!());
    let state = scene.folder().join("state");
    let run = |arguments: &[&str]| scene.tdd_stack([]).args(arguments).env("XDG_STATE_HOME", &state).run();
    run(&["up", "--generate-password", "--dry-run"]).exits(0);
    assert!(!state.exists(), "a dry run writes nothing");
    let up = run(&["up", "--generate-password"]);
    let path = state.join("tdd-stack/tdd/grafana-password");
    assert!(up.exits(0).stdout.contains(&path.display().to_string()), "{}", up.stdout);
    let stored = std::fs::read_to_string(&path).expect("the password is stored");
    let mode = |path: &std::path::Path| path.metadata().expect("it exists").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().expect("it has a parent folder"))), (0o600, 0o700));
    assert_eq!(password(&scene), stored);
    let outputs = [
        up,
        run(&["up"]),
        run(&["up", "--generate-password", "--output", "json"]),
        run(&["status", "--output", "json"]),
        run(&["plan"]),
    ];
    for output in &outputs {
        let all = format!("{}{}", output.exits(0).stdout, output.stderr);
        assert!(!all.contains(&stored), "{all}");
    }
    assert_eq!(outputs[2].json()["password_file"], path.display().to_string());
    assert_eq!(operations(&outputs[2].json()), [""; 0], "the password is not generated again");
    run(&["plan", "--bind", "0.0.0.0"]).does_not_say("the default one");
    let both = scene.tdd_stack(["up", "--generate-password"]).env(VARIABLE, SECRET).run();
    both.exits(2).says("already given by TDD_STACK_GRAFANA_PASSWORD");
}

#[test]
fn only_upload_and_login_contain_the_password() {
    let scene = Scene::with_images(program!());
    let first = with(&scene, SECRET, "up").args(["--progress", "json"]).run();
    with(&scene, "another-sesame", "up").run().exits(0);
    let encoded = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let with_it: Vec<String> = scene
        .engine
        .texts()
        .into_iter()
        .filter(|text| text.contains("sesame") || text.contains(&encoded))
        .collect();
    assert_eq!(with_it.len(), 1, "{with_it:#?}");
    assert!(with_it[0].starts_with("PUT /v1.41/containers/tdd-grafana/archive?"), "{with_it:#?}");
    // The command that sets another password reads it from its input, not from its arguments.
    assert_eq!(scene.engine.inputs(), ["another-sesame\n"]);
    assert_eq!(scene.engine.volume_files("tdd_grafana_config")["grafana-password"], SECRET);
    let all = format!("{}{}", first.exits(0).stdout, first.stderr);
    assert!(all.contains("write-password-file") && !all.contains("sesame"), "{all}");
}

#[test]
fn changed_password_reaches_running_grafana_after_one_try() {
    let scene = Scene::after_up(program!());
    let spec = |scene: &Scene| scene.engine.specification("tdd-grafana")["Labels"][LABEL_SPEC].clone();
    let before = (scene.engine.id("tdd-grafana"), spec(&scene));
    let output = with(&scene, SECRET, "up").args(["--output", "json"]).run();
    assert_eq!(operations(&output.exits(0).json())[0], "set-login");
    assert_eq!((password(&scene).as_str(), tries(&scene)), (SECRET, 1));
    assert_eq!((scene.engine.id("tdd-grafana"), spec(&scene)), before);
    assert_eq!(
        scene.engine.changes(),
        ["POST /containers/tdd-grafana/exec", "POST /exec/of-tdd-grafana/start"]
    );
    scene.engine.forget();
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!((scene.engine.changes(), tries(&scene)), (vec![], 1));
}

#[test]
fn changed_password_reaches_kept_data_after_one_try() {
    let scene = Scene::after_up(program!());
    scene.run(["down"]).exits(0);
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!((password(&scene).as_str(), tries(&scene)), (SECRET, 1));
    // A password that the data already has is tried, but not set.
    with(&scene, SECRET, "down").run().exits(0);
    scene.engine.forget();
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!((scene.engine.inputs(), tries(&scene)), (vec![], 1));
}

#[test]
fn password_changed_inside_grafana_is_not_reset() {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| store.password = Some("changed-inside".into()));
    let output = scene.run(["up"]);
    output
        .exits(1)
        .says("rejects the login `admin`")
        .says("`tdd_grafana_data`")
        .says("--grafana-password-file");
    assert_eq!((scene.engine.changes(), tries(&scene)), (vec![], 1));
    scene.run(["status"]).exits(1).says("pass its password with `--grafana-password-file`");
    // After a restart of Grafana, several operations wait to send it requests.
    scene.run(["down"]);
    scene.run(["up"]).exits(1).says("rejects the login `admin`");
    assert_eq!((password(&scene).as_str(), tries(&scene)), ("changed-inside", 3));
    with(&scene, "changed-inside", "up").run().exits(0);
    assert_eq!(tries(&scene), 3);
}

#[test]
fn locked_account_is_reported_as_the_cause() {
    let scene = Scene::after_up(program!());
    scene.engine.grafana("tdd_grafana_data", |store| store.wrong_tries = 5);
    let output = with(&scene, SECRET, "up").run();
    output.exits(1).says("rejects the login `admin`").says("5 minutes after five wrong tries");
    scene.engine.grafana("tdd_grafana_data", |store| store.wrong_tries = 0);
    with(&scene, SECRET, "up").run().exits(0);
}

#[test]
fn failed_password_reset_shows_grafana_output() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::ResetFails);
    let output = with(&scene, SECRET, "up").run();
    output.exits(1).says("cannot set the password inside Grafana").says("failed to update user password");
    output.does_not_say(SECRET);
    scene.engine.recover();
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!(password(&scene), SECRET);
}

#[test]
fn up_resumes_after_failed_password_delivery() {
    let scene = Scene::with_images(program!());
    let delivery = "PUT /containers/tdd-grafana/archive";
    scene.engine.fail(Fault::Fails(delivery));
    with(&scene, SECRET, "up")
        .run()
        .exits(1)
        .says("put the password into `/run/tdd-stack`")
        .does_not_say(SECRET);
    scene.engine.recover();
    with(&scene, SECRET, "up").run().exits(0);
    assert_eq!((password(&scene).as_str(), tries(&scene)), (SECRET, 0));
}
