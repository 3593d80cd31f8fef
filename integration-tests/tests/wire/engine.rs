//! What the program asks of engines of other versions, with other clocks, and of those that hang.

use std::time::Duration;

use fake_engine::{FakeEngine, Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;

/// Returns the version in the path of each request, `-` where there is none.
fn versions(engine: &FakeEngine) -> Vec<String> {
    let version = |text: &String| {
        let path = text.split(' ').nth(1).unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        first.strip_prefix("v1.").map_or_else(|| "-".into(), |minor| format!("1.{minor}"))
    };
    engine.texts().iter().map(version).collect()
}

/// Asserts that the first request names no version of the API, and all others this one.
#[track_caller]
fn speaks(scene: &Scene, version: &str) {
    scene.run(["up"]).exits(0);
    scene.run(["down"]).exits(0);
    let (pings, others): (Vec<_>, Vec<_>) = versions(&scene.engine).into_iter().partition(|one| one == "-");
    assert_eq!(pings.len(), 2, "one for each command");
    assert!(others.iter().all(|one| one == version), "{others:?}");
    let requests = scene.engine.requests();
    assert!(!requests.iter().any(|request| request.starts_with("GET /version")), "{requests:#?}");
}

#[test]
fn requests_name_the_engine_s_version_where_it_is_the_older_one() {
    let scene = Scene::new(program!());
    scene.engine.speak(41, 41);
    speaks(&scene, "1.41");
}

#[test]
fn requests_are_accepted_by_an_engine_that_dropped_old_versions() {
    let scene = Scene::new(program!());
    scene.engine.speak(44, 52);
    speaks(&scene, "1.52");
}

#[test]
fn an_engine_newer_than_the_client_is_asked_in_the_client_s_version() {
    let scene = Scene::new(program!());
    scene.engine.speak(44, 90);
    scene.run(["up"]).exits(0);
    let (newest, others) = ("1.90".to_string(), versions(&scene.engine));
    assert!(others.len() > 2 && others[0] == "-" && others[1] != "-", "{others:?}");
    assert!(!others.contains(&newest), "{others:?}");
    assert!(others[2..].iter().all(|one| *one == others[1]), "{others:?}");
}

#[test]
fn an_engine_that_dropped_the_client_s_version_is_asked_in_its_own() {
    let scene = Scene::new(program!());
    scene.engine.speak(90, 91);
    scene.run(["up"]).exits(0);
    let versions = versions(&scene.engine);
    assert!(versions.len() > 2 && versions[2..].iter().all(|one| one == "1.91"), "{versions:?}");
}

#[test]
fn a_server_that_is_no_engine_is_named_so() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = server.local_addr().expect("it has an address");
    let answer = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().expect("somebody comes");
        let read = stream.read(&mut [0; 1024]).expect("a request comes");
        assert!(read > 0, "a request has a head");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect("it can be answered");
    });
    let scene = Scene::new(program!());
    let output = scene.run(["up", "--host", &format!("tcp://{address}")]);
    output.exits(3).says("cannot reach the Docker Engine").says("Api-Version");
    answer.join().expect("it answered");
}

#[test]
fn words_of_a_credential_helper_are_not_taken_for_those_of_a_registry() {
    let scene = Scene::new(program!());
    let folder = scene.folder();
    let script = folder.join("script");
    std::fs::write(&script, "#!/bin/sh\ncat > /dev/null\necho keyring not found\nexit 1\n")
        .expect("it can be written");
    // By another process: a file that a fork of a parallel test has open for writing cannot be run.
    let mut install = std::process::Command::new("install");
    let installed =
        install.args(["-m", "755"]).arg(&script).arg(folder.join("docker-credential-broken")).status();
    assert!(installed.is_ok_and(|status| status.success()));
    std::fs::write(folder.join("config.json"), r#"{"credsStore": "broken"}"#).expect("it can be written");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let run = scene.tdd_stack(["up"]).env("DOCKER_CONFIG", folder).env("PATH", path).run();
    run.exits(1).says("keyring not found").says("credentials for its registry cannot be read");
    run.says("config.json").does_not_say("check name and tag");
}

#[test]
fn no_list_of_containers_is_waited_for_without_a_limit() {
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
fn a_stop_is_seen_on_an_engine_whose_clock_is_behind() {
    let scene = Scene::after_up(program!());
    scene.engine.set_back_its_clock(Duration::from_hours(1));
    scene.engine.begin_to_stop("tdd-grafana");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            scene.engine.await_request("GET /events");
            scene.engine.forget();
            // Only what is being stopped is looked at again.
            scene.engine.await_request("GET /containers/json?all=true&filters");
            scene.engine.stop("tdd-grafana");
        });
        scene.run(["up"]).exits(0);
    });
    assert_eq!(scene.engine.containers()["tdd-grafana"], Phase::Running);
    assert!(scene.engine.changes().iter().any(|change| change == "POST /containers/tdd-grafana/start"));
}
