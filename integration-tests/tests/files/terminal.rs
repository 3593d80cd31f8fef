//! Control characters from log lines, names, files and engine messages are escaped before they are printed.

use fake_engine::Fault;
use integration_tests::cli::Output;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

const SCREEN: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\rred";

#[track_caller]
fn is_harmless(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        let acting = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(acting, None, "{text:?}");
    }
}

#[test]
fn log_lines_are_escaped() {
    let scene = Scene::after_up(program!());
    scene.engine.log("tdd-grafana", &format!("one {SCREEN}\nprometheus | two"));
    let output = scene.run(["logs", "grafana"]);
    is_harmless(output.exits(0));
    assert!(
        output.stdout.contains("grafana       | one \\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u000dred\n"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("\ngrafana       | prometheus | two\n"),
        "a log line imitates another service: {}",
        output.stdout
    );
    let output = scene.run(["logs", "grafana", "--tail", "1", "--output", "json"]);
    is_harmless(output.exits(0));
    let line = output.json();
    assert_eq!(line["line"], format!("one {SCREEN}\nprometheus | two"));
    assert_eq!((&line["schema"], &line["service"]), (&json!("tdd-stack.log/1"), &json!("grafana")));
    assert!(["stdout", "stderr"].iter().any(|stream| line["stream"] == *stream), "{line}");
    let time = line["time"].as_str().expect("the engine reports the time");
    assert!(time.contains('T') && time.ends_with('Z'), "{time}");
}

#[test]
fn last_log_lines_of_failed_service_are_escaped() {
    let scene = Scene::after_up(program!());
    scene.engine.log("tdd-alertmanager", SCREEN);
    scene.engine.fail(Fault::ReloadRefused("alertmanager"));
    scene.edit("alertmanager.yml", &format!("{}# edited\n", scene.read("alertmanager.yml")));
    let output = scene.run(["up"]);
    is_harmless(output.exits(1));
    output.says("\\u001b[2J");
}

#[test]
fn names_of_foreign_containers_are_escaped() {
    let scene = Scene::with_images(program!());
    let address = std::net::SocketAddr::from((scene.address(), 9090));
    scene.engine.add_container(&format!("x{SCREEN}"), &json!({}), Some(address));
    let output = scene.tdd_stack(["up", "--port", "prometheus=9090"]).run();
    is_harmless(output.exits(4));
    output.says("container `x\\u001b[2J");
}

#[test]
fn file_contents_in_errors_are_escaped() {
    let scene = Scene::with_images(program!());
    let key = "\"\\e[2Jgroups\"";
    scene.edit("alerts.yml", &format!("{key}: []\n{key}: []\n"));
    let output = scene.run(["up"]);
    is_harmless(output.exits(1));
    output.says("duplicate key `\\u001b[2Jgroups`");
    scene.edit("alerts.yml", "groups: []\n");
    scene.settings("\"\\e[2Jstack\": a\n");
    let output = scene.run(["up"]);
    is_harmless(output.exits(2));
    output.says("\\u001b[2Jstack");
}

#[test]
fn command_line_arguments_in_errors_are_escaped() {
    let scene = Scene::new(program!());
    for arguments in
        [[&format!("--port=x{SCREEN}"), "up"], [&format!("--no-such-{SCREEN}"), "up"], ["logs", SCREEN]]
    {
        let output = scene.run(arguments);
        is_harmless(output.exits(2));
        output.says("\\u009b31m");
    }
}

#[test]
fn long_quoted_value_is_shortened() {
    let scene = Scene::new(program!());
    scene.settings(&format!("stack: {}\n", "x".repeat(1_000_000)));
    let output = scene.run(["up"]);
    output.exits(2).says("characters) … ").says("is not a stack name");
    assert!(output.stderr.len() < 10_000, "{} bytes", output.stderr.len());
}

#[test]
fn grafana_answers_are_escaped() {
    let scene = Scene::after_up(program!());
    scene.engine.fail(Fault::DataSourceSays(SCREEN));
    for arguments in [["status"], ["plan"]] {
        let output = scene.run(arguments);
        is_harmless(&output);
        assert!(format!("{}{}", output.stdout, output.stderr).contains("\\u001b[2J"), "{output:?}");
    }
}

#[test]
fn engine_messages_are_escaped() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Says("GET /networks", SCREEN));
    let output = scene.run(["up"]);
    is_harmless(output.exits(1));
    output.says("\\u001b[2J");
}
