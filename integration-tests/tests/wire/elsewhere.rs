//! An engine whose socket is forwarded from another machine: what is published there is never looked for here.
//!
//! The services of the fake engine listen on this machine's loopback, where a careless program would look for those of
//! the other machine: each request to them is a fault.

use std::process::{Child, Command, Stdio};

use integration_tests::program;
use integration_tests::scene::Scene;

/// What says that the ports are another machine's, and how to go on.
const OUT_OF_REACH: [&str; 3] =
    ["not reachable from here", "machine `far`", "hint: run the command on the engine's"];

fn elsewhere() -> Scene {
    let scene = Scene::after_up(program!());
    scene.engine.move_to("far");
    scene.engine.forget();
    scene
}

/// Runs the program: it exits with the code, changes nothing and sends nothing to this machine's ports.
#[track_caller]
fn looks_nowhere(scene: &Scene, arguments: &[&str], code: i32) -> integration_tests::cli::Output {
    scene.engine.forget();
    let output = scene.tdd_stack([]).args(arguments).run();
    output.exits(code);
    assert_eq!(scene.engine.service_requests(), [""; 0], "{arguments:?}");
    output
}

#[test]
fn no_verb_sends_anything_to_ports_of_another_machine() {
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
        let output = looks_nowhere(&scene, arguments, 4);
        for words in OUT_OF_REACH {
            output.says(words);
        }
        output.says("--bind ADDRESS").does_not_say("diagnostics");
        assert_eq!(scene.engine.changes(), [""; 0], "{arguments:?}");
    }
}

#[test]
fn what_needs_no_port_works_on_another_machine() {
    let scene = elsewhere();
    for arguments in
        [&["plan"] as &[&str], &["up", "--dry-run"], &["logs", "prometheus"], &["check"], &["support-bundle"]]
    {
        let output = scene.folder().join("bundle.tar.gz").display().to_string();
        let file = if arguments == ["support-bundle"] { vec![output.as_str()] } else { Vec::new() };
        looks_nowhere(&scene, &[arguments, &file].concat(), 0);
    }
    let plan = looks_nowhere(&scene, &["plan", "--output", "json"], 0).json();
    assert_eq!(
        plan["operations"].as_array().map(Vec::len),
        Some(0),
        "what is not seen does not differ: {plan}"
    );
    looks_nowhere(&scene, &["down", "--volumes"], 0);
    assert!(scene.engine.containers().is_empty() && scene.engine.volumes().is_empty());
    looks_nowhere(&scene, &["plan"], 0);
}

#[test]
fn status_shows_what_the_engine_says() {
    let scene = elsewhere();
    let status = looks_nowhere(&scene, &["status", "--output", "json"], 4).json();
    assert_eq!((&status["ok"], &status["verdict"]), (&false.into(), &"not-reachable".into()));
    for service in status["services"].as_array().expect("it is a list") {
        assert_eq!((&service["state"], &service["ready"]), (&"running".into(), &false.into()));
        assert!(
            service["url"].is_null() && service["drift"].as_array().is_some_and(Vec::is_empty),
            "{service}"
        );
    }
    scene.engine.stop("tdd-grafana");
    let output = looks_nowhere(&scene, &["status"], 1);
    output.says("grafana is not ready: exited").says("prometheus is not reachable from here");
}

#[test]
fn the_doctor_names_the_cause_once_and_blames_no_service() {
    let scene = elsewhere();
    let doctor = looks_nowhere(&scene, &["doctor", "--output", "json"], 1).json();
    let findings = doctor["findings"].as_array().expect("it is a list").clone();
    // The application is asked from inside, by the engine.
    let is_fault =
        |finding: &&serde_json::Value| finding["state"] == "error" && finding["check"] != "application";
    let bad: Vec<_> = findings.iter().filter(is_fault).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    assert_eq!(bad[0]["check"], "reach");
    assert!(bad[0]["fix"].as_str().is_some_and(|fix| fix.contains("--bind ADDRESS")), "{bad:?}");
}

#[test]
fn a_first_up_is_refused_before_its_first_change() {
    let scene = Scene::with_images(program!());
    scene.engine.move_to("far");
    looks_nowhere(&scene, &["up"], 4).says("not reachable from here").says("--bind ADDRESS");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert!(!scene.folder().join("config").exists());
    // Where its own machine publishes ports is known to be nowhere here.
    let password = scene.folder().join("password");
    std::fs::write(&password, "long and own").expect("the folder can be written");
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
fn taken_ports_of_this_machine_do_not_hinder_another() {
    let scene = Scene::with_images(program!());
    scene.engine.move_to("far");
    let taken = std::net::TcpListener::bind((scene.address(), 0)).expect("a port is free");
    let port = taken.local_addr().expect("it listens").port();
    let ports = format!("prometheus=auto,grafana={port},node-exporter=auto,alertmanager=auto");
    scene
        .bare()
        .env("TDD_STACK_BIND", scene.address().to_string())
        .args(["plan", "--port", &ports])
        .run()
        .exits(0);
}

#[test]
fn a_simulated_application_is_refused_where_the_containers_look_for_it_on_another_machine() {
    let scene = elsewhere();
    for verb in ["demo", "drill"] {
        let output = looks_nowhere(&scene, &[verb], 4);
        assert!(output.stderr.contains("machine `far`"), "{}", output.stderr);
    }
    looks_nowhere(&scene, &["demo"], 4)
        .says("expect the application on the engine's machine")
        .says("--app-host");
}

#[test]
fn a_port_of_this_machine_counts_as_this_machine_s_engine() {
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

/// A process that relays a socket, ended when it is dropped.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Relays the engine's socket by a program of this name, and returns the new address.
fn relayed(scene: &Scene, name: &str) -> (Relay, String) {
    let (program, socket) = (scene.folder().join(name), scene.folder().join(format!("{name}.sock")));
    std::fs::copy(env!("CARGO_BIN_EXE_socket-relay"), &program).expect("the folder can be written");
    let from = format!("unix:{}", socket.display());
    let to = scene.engine.host().replace("unix://", "unix:");
    let relay = Command::new(program).args([&from, &to]).stdin(Stdio::null()).spawn().expect("it can be run");
    let relay = Relay(relay);
    integration_tests::scenario::eventually("the relay listens", || socket.exists(), |is_there| *is_there);
    (relay, format!("unix://{}", socket.display()))
}

#[test]
fn a_socket_that_ssh_forwards_is_another_machine_s_whatever_its_name_is() {
    let scene = Scene::after_up(program!());
    let (_relay, host) = relayed(&scene, "ssh");
    let output = scene.tdd_stack([]).env("DOCKER_HOST", &host).args(["up"]).run();
    output.exits(4).says("ssh (process ").says("forwards the socket").says("--bind ADDRESS");
    assert_eq!(scene.engine.service_requests(), [""; 0]);
    let (_relay, host) = relayed(&scene, "proxy");
    scene.tdd_stack([]).env("DOCKER_HOST", &host).args(["up"]).run().exits(0);
}
