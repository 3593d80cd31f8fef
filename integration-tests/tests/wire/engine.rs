//! Engines of other versions, with other clocks, and engines that do not answer.

use std::time::Duration;

use fake_engine::{FakeEngine, Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;

/// Returns the API version in the path of each request, or `-` without one.
fn versions(engine: &FakeEngine) -> Vec<String> {
    let version = |text: &String| {
        let path = text.split(' ').nth(1).unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        first.strip_prefix("v1.").map_or_else(|| "-".into(), |minor| format!("1.{minor}"))
    };
    engine.texts().iter().map(version).collect()
}

/// Asserts that every request except the pings uses this API version.
#[track_caller]
fn uses_version(scene: &Scene, version: &str) {
    scene.run(["up"]).exits(0);
    scene.run(["down"]).exits(0);
    let (pings, others): (Vec<_>, Vec<_>) = versions(&scene.engine).into_iter().partition(|one| one == "-");
    assert_eq!(pings.len(), 2, "one ping per command");
    assert!(others.iter().all(|one| one == version), "{others:?}");
    let requests = scene.engine.requests();
    assert!(!requests.iter().any(|request| request.starts_with("GET /version")), "{requests:#?}");
}

#[test]
fn older_engine_is_asked_in_its_version() {
    let scene = Scene::new(program!());
    scene.engine.speak(41, 41);
    uses_version(&scene, "1.41");
}

#[test]
fn newer_engine_is_asked_in_its_version() {
    let scene = Scene::new(program!());
    scene.engine.speak(44, 52);
    uses_version(&scene, "1.52");
}

#[test]
fn engine_newer_than_client_uses_one_other_version() {
    let scene = Scene::new(program!());
    scene.engine.speak(44, 90);
    scene.run(["up"]).exits(0);
    let (newest, others) = ("1.90".to_string(), versions(&scene.engine));
    assert!(others.len() > 2 && others[0] == "-" && others[1] != "-", "{others:?}");
    assert!(!others.contains(&newest), "{others:?}");
    assert!(others[2..].iter().all(|one| *one == others[1]), "{others:?}");
}

#[test]
fn engine_without_client_version_is_asked_in_its_own() {
    let scene = Scene::new(program!());
    scene.engine.speak(90, 91);
    scene.run(["up"]).exits(0);
    let versions = versions(&scene.engine);
    assert!(versions.len() > 2 && versions[2..].iter().all(|one| one == "1.91"), "{versions:?}");
}

#[test]
fn server_without_api_version_is_unreachable() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = server.local_addr().expect("it has an address");
    let answer = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().expect("a client connects");
        let read = stream.read(&mut [0; 1024]).expect("a request comes");
        assert!(read > 0, "a request has a head");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect("the answer can be sent");
    });
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--host", &format!("tcp://{address}")]);
    output.exits(3).says("cannot reach the Docker Engine").says("Api-Version");
    answer.join().expect("the server answered");
}

#[test]
fn credential_helper_error_is_not_a_registry_error() {
    let scene = Scene::new(program!());
    let folder = scene.folder();
    let script = folder.join("script");
    std::fs::write(&script, "#!/bin/sh\ncat > /dev/null\necho keyring not found\nexit 1\n")
        .expect("it is writable");
    // A file that a parallel fork has open for writing cannot be executed, so another process creates it.
    let mut install = std::process::Command::new("install");
    let installed =
        install.args(["-m", "755"]).arg(&script).arg(folder.join("docker-credential-broken")).status();
    assert!(installed.is_ok_and(|status| status.success()));
    std::fs::write(folder.join("config.json"), r#"{"credsStore": "broken"}"#).expect("it is writable");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let run = scene.tdd_stack(["up"]).env("DOCKER_CONFIG", folder).env("PATH", path).run();
    run.exits(1).says("keyring not found").says("credentials for its registry cannot be read");
    run.says("config.json").does_not_say("check name and tag");
}

#[test]
fn container_list_times_out_in_every_verb() {
    std::thread::scope(|scope| {
        for verb in ["up", "plan", "down"] {
            scope.spawn(move || {
                let scene = Scene::after_up(program!());
                scene.engine.fail(Fault::NoAnswer("GET /containers/json"));
                scene.run([verb]).exits(1).says("cannot list containers").says("did not answer for 15s");
            });
        }
    });
}

#[test]
fn stop_is_detected_with_engine_clock_behind() {
    let scene = Scene::after_up(program!());
    scene.engine.set_back_its_clock(Duration::from_hours(1));
    scene.engine.begin_to_stop("tdd-grafana");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            scene.engine.await_request("GET /events");
            scene.engine.forget();
            // Only containers that are being stopped are inspected again.
            scene.engine.await_request("GET /containers/json?all=true&filters");
            scene.engine.stop("tdd-grafana");
        });
        scene.run(["up"]).exits(0);
    });
    assert_eq!(scene.engine.containers()["tdd-grafana"], Phase::Running);
    assert!(scene.engine.changes().iter().any(|change| change == "POST /containers/tdd-grafana/start"));
}
