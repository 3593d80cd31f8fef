//! Results on standard output and progress on standard error, in every format.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use fake_engine::{FakeEngine, Fault};
use integration_tests::cli::TddStack;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::{Value, json};

/// Returns the lines of standard error, each of which must be one JSON object.
fn events(stderr: &str) -> Vec<Value> {
    let event = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    stderr.lines().map(event).collect()
}

#[test]
fn results_and_progress_use_separate_streams() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--progress", "plain"]);
    assert!(output.exits(0).stdout.starts_with("stack tdd is up: "), "{}", output.stdout);
    let is_step =
        |line: &str| line.trim_start().split_once("s  ").is_some_and(|(time, _)| time.parse::<f64>().is_ok());
    assert!(!output.stderr.is_empty());
    assert_eq!(output.stderr.lines().find(|line| !is_step(line)), None);
}

#[test]
fn plain_progress_reports_a_running_pull() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--progress", "plain"]);
    assert!(output.exits(0).stderr.contains("grafana/grafana:13.1.7  …\n"), "{}", output.stderr);
}

#[test]
fn quiet_prints_nothing_on_success() {
    let scene = Scene::new(program!());
    assert_eq!(scene.run(["up", "--progress", "quiet"]).exits(0).stderr, "");
    assert_eq!(scene.run(["down", "--progress", "quiet"]).exits(0).stderr, "");
}

#[test]
fn quiet_prints_failures() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Fails("POST /networks/create"));
    let output = scene.run(["up", "--progress", "quiet"]);
    assert_eq!(output.exits(1).stdout, "");
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(
        lines[0].ends_with("tdd-monitoring  failed: cannot create network `tdd-monitoring`"),
        "{lines:#?}"
    );
    assert_eq!(lines[1], "error: cannot create network `tdd-monitoring`");
    assert!(lines[2].ends_with(": the disk of the engine is full"), "{lines:#?}");
    assert!(lines[3].starts_with("hint: "), "{lines:#?}");
}

#[test]
fn json_progress_is_one_event_per_line() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--progress", "json"]);
    let events = events(&output.exits(0).stderr);
    // Pulls are a separate plan, which comes first.
    let mut by_step: BTreeMap<(u64, u64), Vec<&str>> = BTreeMap::new();
    for event in &events {
        assert_eq!(event["schema"], "tdd-stack.event/1");
        for key in ["seconds", "step", "steps", "operation", "target", "cause", "event"] {
            assert!(!event[key].is_null(), "{event} lacks `{key}`");
        }
        let step = event["step"].as_u64().expect("steps are numbers");
        let steps = event["steps"].as_u64().expect("steps are counted");
        by_step.entry((steps, step)).or_default().push(event["event"].as_str().expect("events are words"));
    }
    let plans: std::collections::BTreeSet<u64> = by_step.keys().map(|(steps, _)| *steps).collect();
    assert_eq!(by_step.len() as u64, plans.iter().sum::<u64>());
    for (step, words) in by_step {
        assert_eq!((words.first(), words.last()), (Some(&"started"), Some(&"finished")), "step {step:?}");
    }
    let layer = events.iter().find(|event| event["event"] == "layer" && event["status"] == "Downloading");
    assert_eq!(layer.expect("a layer is reported")["total"], 2_048_000);
}

#[test]
fn failure_is_a_json_event() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Fails("POST /networks/create"));
    let output = scene.run(["up", "--progress", "json"]);
    let first = output.exits(1).stderr.lines().filter(|line| line.starts_with('{'));
    let failed: Vec<Value> = events(&first.collect::<Vec<_>>().join("\n"));
    let failed = failed.iter().find(|event| event["event"] == "failed").expect("the failure is an event");
    assert_eq!(failed["operation"], "create-network");
    assert_eq!(failed["reason"], "cannot create network `tdd-monitoring`");
}

#[test]
fn json_results_name_their_schema() {
    let scene = Scene::new(program!());
    for (arguments, schema) in [
        (vec!["init"], "tdd-stack.init/1"),
        (vec!["plan"], "tdd-stack.plan/1"),
        (vec!["up", "--dry-run"], "tdd-stack.plan/1"),
        (vec!["up"], "tdd-stack.up/1"),
        (vec!["up"], "tdd-stack.up/1"),
        (vec!["status"], "tdd-stack.status/1"),
        (vec!["check"], "tdd-stack.check/1"),
        (vec!["dashboards", "pull"], "tdd-stack.dashboards-pull/1"),
        (vec!["down"], "tdd-stack.down/1"),
        (vec!["down"], "tdd-stack.down/1"),
    ] {
        let output = scene.tdd_stack(["--output", "json"]).args(&arguments).run();
        let object = output.exits(0).json();
        assert_eq!(object["schema"], schema, "{arguments:?}");
        assert_eq!((&object["stack"], &object["ok"]), (&json!("tdd"), &json!(true)), "{arguments:?}");
    }
}

#[test]
fn json_result_of_up_has_every_key() {
    let scene = Scene::with_images(program!());
    let up = scene.run(["up", "--output", "json"]).exits(0).json();
    assert_eq!((&up["stack"], &up["ok"]), (&json!("tdd"), &json!(true)));
    assert!(up["seconds"].is_f64());
    let operations = up["operations"].as_array().expect("it is a list");
    let timings = up["timings"].as_array().expect("it is a list");
    assert_eq!(operations.len(), timings.len());
    for key in ["operation", "target", "service", "cause", "after"] {
        assert!(operations.iter().all(|operation| operation.get(key).is_some()), "{key}");
    }
    for key in ["operation", "service", "began", "took"] {
        assert!(timings.iter().all(|timing| timing.get(key).is_some()), "{key}");
    }
    let services = up["services"].as_array().expect("it is a list");
    assert_eq!(services.len(), 4);
    for service in services {
        let (url, port) = (service["url"].as_str().expect("a URL"), &service["port"]);
        assert!(url.ends_with(&format!(":{port}")), "{service}");
    }
    let grafana = services.iter().find(|service| service["name"] == "grafana").expect("it is a service");
    let url = format!("{}/d/tdd-main", grafana["url"].as_str().unwrap_or_default());
    assert_eq!(up["dashboards"], json!([{"uid": "tdd-main", "url": url}]));
    assert_eq!(up["login"], json!({"user": "admin", "password_file": null}));
}

#[test]
fn json_errors_have_code_and_exit_code() {
    type Make = fn() -> Scene;
    let cases: [(Make, &[&str], i32, &str); 5] = [
        (|| Scene::with(FakeEngine::stopped(), program!()), &["up"], 3, "engine-unreachable"),
        (|| faulty(Fault::ImageMissing), &["up"], 1, "pull"),
        (|| faulty(Fault::Dies("grafana")), &["up"], 1, "exited"),
        (|| faulty(Fault::NeverReady("grafana")), &["up", "--wait-timeout", "300ms"], 5, "not-ready"),
        (|| Scene::new(program!()), &["up", "--stack", "Bad Name"], 2, "usage"),
    ];
    for (make, arguments, exit, code) in cases {
        let output = make().tdd_stack(["--output", "json"]).args(arguments).run();
        let error = output.exits(exit).json();
        assert_eq!(error["schema"], "tdd-stack.error/1", "{arguments:?}");
        assert_eq!((&error["ok"], &error["code"]), (&json!(false), &json!(code)), "{arguments:?}");
        assert_eq!(error["exit_code"], exit, "{arguments:?}");
        for key in ["message", "causes", "hint"] {
            assert!(error.get(key).is_some(), "{arguments:?}: {error} lacks `{key}`");
        }
        let message = error["message"].as_str().expect("it is a text");
        output.says(&format!("error: {}", message.lines().next().unwrap_or_default()));
    }
}

fn faulty(fault: Fault) -> Scene {
    let scene = Scene::new(program!());
    scene.engine.fail(fault);
    scene
}

#[test]
fn json_conflicts_and_faults_are_lists() {
    let scene = Scene::with_images(program!());
    scene.engine.add_container("tdd-grafana", &json!({}), None);
    let error = scene.run(["up", "--output", "json"]).exits(4).json();
    assert_eq!(error["conflicts"], json!([{"kind": "container", "name": "tdd-grafana"}]));
    scene.edit("grafana_dashboards.json", "{\n  oops\n}\n");
    scene.engine.remove_container("tdd-grafana");
    let error = scene.run(["up", "--output", "json"]).exits(1).json();
    assert_eq!(error["code"], "configuration");
    assert_eq!(error["faults"][0]["line"], 2);
}

#[test]
fn output_format_of_the_settings_applies_to_errors() {
    let scene = Scene::with(FakeEngine::stopped(), program!());
    scene.settings("output: json\n");
    let output = scene.run(["up"]);
    assert_eq!(output.exits(3).json()["code"], "engine-unreachable");
}

#[test]
fn json_status_of_failing_stack_is_one_object() {
    let scene = Scene::after_up(program!());
    scene.engine.stop("tdd-grafana");
    let output = scene.run(["status", "--output", "json"]);
    assert_eq!(output.exits(1).json()["schema"], "tdd-stack.status/1");
    output.says("error: ");
}

#[test]
fn refused_connection_is_reported_without_library_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let socket = folder.path().join("docker.sock");
    // The file stays, without a listener.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("it can be opened"));
    let host = format!("unix://{}", socket.display());
    let output = TddStack::new(program!()).args(["status", "--host", &host]).run();
    output.exits(3).says("\n  Connection refused (os error 111)\n").says("systemctl start docker");
    output.does_not_say("hyper").does_not_say("client error");
}

#[test]
fn output_has_no_colour_without_a_terminal() {
    let scene = Scene::new(program!());
    for verb in ["up", "status", "plan", "down"] {
        let output = scene.run([verb]);
        assert!(!output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'), "{output:?}");
    }
}

#[test]
fn bars_are_not_drawn_without_a_terminal() {
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--progress", "bars"]);
    assert_eq!(output.exits(0).stderr, "");
}

#[test]
fn closed_standard_output_is_not_a_failure() {
    let scene = Scene::after_up(program!());
    for arguments in [vec!["up"], vec!["status"], vec!["plan"], vec!["logs"], vec!["--help"]] {
        let run: TddStack = scene.tdd_stack([]).args(&arguments);
        let (reader, writer) = std::io::pipe().expect("a pipe can be created");
        drop(reader);
        let (path, words) = run.command_line();
        let mut command = Command::new(path);
        command.args(words).env_clear().envs(run.environment()).stdin(Stdio::null());
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("the program starts");
        let ended = child.wait_with_output().expect("the process exits");
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
