//! An engine on another machine behind a forwarded socket: its ports are never looked for here.
//!
//! The services of the fake engine listen on this machine's loopback, where a faulty program would look for the
//! ports of the other machine: each request to them is a failure.

use integration_tests::relay::Relay;
use integration_tests::scene::Scene;
use integration_tests::{program, relay};

/// Messages that name the other machine and the next step.
const OUT_OF_REACH: [&str; 3] =
    ["not reachable from here", "machine `far`", "hint: run the command on the engine's"];

fn elsewhere() -> Scene {
    let scene = Scene::after_up(program!());
    scene.engine.move_to("far");
    scene.engine.forget();
    scene
}

/// Runs the program, and asserts its exit code and that no service received a request.
#[track_caller]
fn run_without_service_requests(
    scene: &Scene,
    arguments: &[&str],
    code: i32,
) -> integration_tests::cli::Output {
    scene.engine.forget();
    let output = scene.tdd_stack([]).args(arguments).run();
    output.exits(code);
    assert_eq!(scene.engine.service_requests(), [""; 0], "{arguments:?}");
    output
}

#[test]
fn no_verb_sends_requests_to_remote_ports() {
    let scene = elsewhere();
    let file = scene.folder().join("backup").display().to_string();
    for arguments in [
        &["up"] as &[&str],
        &["up", "--wait", "proven"],
        &["status"],
        &["status", "--wait", "proven"],
        &["alerts"],
        &["dashboards", "pull"],
        &["backup", &file],
        &["drill"],
        &["demo", "--history", "1h", "--listen", "127.0.0.1"],
    ] {
        let output = run_without_service_requests(&scene, arguments, 4);
        for words in OUT_OF_REACH {
            output.says(words);
        }
        output.says("--bind ADDRESS").does_not_say("diagnostics");
        assert_eq!(scene.engine.changes(), [""; 0], "{arguments:?}");
    }
}

#[test]
fn verbs_without_ports_work_on_a_remote_engine() {
    let scene = elsewhere();
    for arguments in
        [&["plan"] as &[&str], &["up", "--dry-run"], &["logs", "prometheus"], &["check"], &["support-bundle"]]
    {
        let output = scene.folder().join("bundle.tar.gz").display().to_string();
        let file = if arguments == ["support-bundle"] { vec![output.as_str()] } else { Vec::new() };
        run_without_service_requests(&scene, &[arguments, &file].concat(), 0);
    }
    let plan = run_without_service_requests(&scene, &["plan", "--output", "json"], 0).json();
    assert_eq!(
        plan["operations"].as_array().map(Vec::len),
        Some(0),
        "unobservable services must not differ: {plan}"
    );
    run_without_service_requests(&scene, &["down", "--volumes"], 0);
    assert!(scene.engine.containers().is_empty() && scene.engine.volumes().is_empty());
    run_without_service_requests(&scene, &["plan"], 0);
}

#[test]
fn status_shows_container_states_of_a_remote_engine() {
    let scene = elsewhere();
    let status = run_without_service_requests(&scene, &["status", "--output", "json"], 4).json();
    assert_eq!((&status["ok"], &status["verdict"]), (&false.into(), &"not-reachable".into()));
    for service in status["services"].as_array().expect("it is a list") {
        assert_eq!((&service["state"], &service["ready"]), (&"running".into(), &false.into()));
        assert!(
            service["url"].is_null() && service["drift"].as_array().is_some_and(Vec::is_empty),
            "{service}"
        );
    }
    scene.engine.stop("tdd-grafana");
    let output = run_without_service_requests(&scene, &["status"], 1);
    output.says("grafana is not ready: exited").says("prometheus is not reachable from here");
}

#[test]
fn doctor_reports_remote_engine_as_one_finding() {
    let scene = elsewhere();
    let doctor = run_without_service_requests(&scene, &["doctor", "--output", "json"], 1).json();
    let findings = doctor["findings"].as_array().expect("it is a list").clone();
    // The engine asks the application from inside the network.
    let is_fault =
        |finding: &&serde_json::Value| finding["state"] == "error" && finding["check"] != "application";
    let bad: Vec<_> = findings.iter().filter(is_fault).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    assert_eq!(bad[0]["check"], "reach");
    assert!(bad[0]["fix"].as_str().is_some_and(|fix| fix.contains("--bind ADDRESS")), "{bad:?}");
}

#[test]
fn first_up_on_remote_engine_changes_nothing() {
    let scene = Scene::with_images(program!());
    scene.engine.move_to("far");
    run_without_service_requests(&scene, &["up"], 4).says("not reachable from here").says("--bind ADDRESS");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert!(!scene.folder().join("config").exists());
    // An engine that publishes on all its addresses does so on the other machine.
    let password = scene.folder().join("password");
    std::fs::write(&password, "long and own").expect("the folder is writable");
    scene
        .bare()
        .env("TDD_STACK_BIND", "0.0.0.0")
        .env("TDD_STACK_GRAFANA_PASSWORD_FILE", &password)
        .args(["up"])
        .run()
        .exits(4)
        .says("publishes on 0.0.0.0");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn local_taken_ports_never_block_a_remote_engine() {
    let scene = Scene::with_images(program!());
    scene.engine.move_to("far");
    let taken = std::net::TcpListener::bind((scene.address(), 0)).expect("a port is free");
    let port = taken.local_addr().expect("a listener has an address").port();
    let ports = format!("prometheus=auto,grafana={port},node-exporter=auto,alertmanager=auto");
    scene
        .bare()
        .env("TDD_STACK_BIND", scene.address().to_string())
        .args(["plan", "--port", &ports])
        .run()
        .exits(0);
}

#[test]
fn demo_and_drill_are_rejected_for_a_remote_engine() {
    let scene = elsewhere();
    for verb in ["demo", "drill"] {
        let output = run_without_service_requests(&scene, &[verb], 4);
        assert!(output.stderr.contains("machine `far`"), "{}", output.stderr);
    }
    run_without_service_requests(&scene, &["demo"], 4)
        .says("expect the application on the engine's machine")
        .says("--app-host");
}

#[test]
fn loopback_tcp_engine_is_local_by_identity() {
    let scene = Scene::after_up(program!());
    let host = scene.engine.listen_on_tcp();
    let run = |verb: &str| scene.tdd_stack([]).env("DOCKER_HOST", &host).args([verb]).run();
    run("status").exits(0);
    run("up").exits(0);
    scene.engine.move_to("far");
    scene.engine.forget();
    run("status").exits(4).says("machine `far`");
    assert_eq!(scene.engine.service_requests(), [""; 0]);
}

/// Relays the engine's socket through a program with this name, and returns the new address.
fn relayed(scene: &Scene, name: &str) -> (Relay, String) {
    let (program, socket) = (scene.folder().join(name), scene.folder().join(format!("{name}.sock")));
    std::fs::copy(relay!(), &program).expect("the folder can be written");
    let from = format!("unix:{}", socket.display());
    let to = scene.engine.host().replace("unix://", "unix:");
    let relay = Relay::start(&[&program.display().to_string()], &from, &to);
    (relay, format!("unix://{}", socket.display()))
}

#[test]
fn socket_forwarded_by_ssh_is_remote() {
    let scene = Scene::after_up(program!());
    let (_relay, host) = relayed(&scene, "ssh");
    let output = scene.tdd_stack([]).env("DOCKER_HOST", &host).args(["up"]).run();
    output.exits(4).says("ssh (process ").says("forwards the socket").says("--bind ADDRESS");
    assert_eq!(scene.engine.service_requests(), [""; 0]);
    let (_relay, host) = relayed(&scene, "proxy");
    scene.tdd_stack([]).env("DOCKER_HOST", &host).args(["up"]).run().exits(0);
}
