//! `tdd-stack up` with a faulty engine: exit code, message, hint and remaining objects.

use std::time::Duration;

use fake_engine::{FakeEngine, Fault, Phase};
use integration_tests::relay::Relay;
use integration_tests::scene::Scene;
use integration_tests::{program, relay};
use serde_json::json;

fn scene_with(fault: Fault) -> Scene {
    let scene = Scene::new(program!());
    scene.engine.fail(fault);
    scene
}

/// Lets a process listen on the scene's free port.
fn listening(scene: &Scene) -> Relay {
    let from = format!("tcp:{}:{}", scene.address(), scene.free_port());
    Relay::start(&[relay!()], &from, "unix:/nonexistent")
}

#[test]
fn unreachable_engine_is_reported_with_a_hint() {
    for engine in [FakeEngine::stopped(), FakeEngine::crashed()] {
        let scene = Scene::with(engine, program!());
        let output = scene.run(["up"]);
        output
            .exits(3)
            .says(&format!("cannot reach the Docker Engine at {} (DOCKER_HOST)", scene.engine.host()));
        output.says("systemctl start docker").says("--host");
        assert!(!scene.folder().join("config").exists(), "files were written");
    }
}

#[test]
fn unresponsive_engine_counts_as_unreachable() {
    let scene = scene_with(Fault::NoAnswer("GET /_ping"));
    scene.run(["up"]).exits(3).says("cannot reach the Docker Engine");
}

#[test]
fn too_old_engine_is_reported_by_version() {
    let scene = Scene::new(program!());
    scene.engine.speak(12, 40);
    scene.run(["up"]).exits(3).says("API 1.40").says("1.41").says("update Docker Engine");
    assert_eq!(scene.engine.requests(), ["GET /_ping"]);
}

#[test]
fn up_succeeds_on_a_slow_engine() {
    let scene = scene_with(Fault::Slow(Duration::from_millis(40)));
    scene.run(["up"]).exits(0);
}

#[test]
fn failed_observation_ends_up_before_any_change() {
    for (call, doing) in [
        ("GET /containers/json", "cannot list containers"),
        ("GET /networks", "cannot list networks"),
        ("GET /volumes", "cannot list volumes"),
        ("GET /images", "cannot inspect image"),
    ] {
        for fault in [Fault::Fails(call), Fault::Cut(call)] {
            let scene = scene_with(fault.clone());
            let output = scene.run(["up"]);
            output.exits(1).says(doing);
            if matches!(fault, Fault::Fails(_)) {
                output.says("the disk of the engine is full");
            }
            assert_eq!(scene.engine.changes(), [""; 0], "{fault:?}");
            assert!(!scene.folder().join("config").exists(), "{fault:?}: files were written");
        }
    }
}

#[test]
fn unreadable_uploaded_files_end_up_before_any_change() {
    for fault in [
        Fault::Cut("GET /containers/tdd-prometheus/archive"),
        Fault::Fails("GET /containers/tdd-prometheus/archive"),
    ] {
        let scene = Scene::after_up(program!());
        scene.engine.fail(fault);
        scene.run(["up"]).exits(1).says("cannot read `/etc/prometheus`");
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
}

#[test]
fn up_resumes_after_any_failed_operation() {
    for (call, doing) in [
        ("POST /networks/create", "cannot create network `tdd-monitoring`"),
        ("POST /volumes/create", "cannot create volume `tdd_"),
        ("POST /containers/create?name=tdd-grafana", "cannot create container `tdd-grafana`"),
        (
            "PUT /containers/tdd-prometheus/archive",
            "cannot put files into `/etc/prometheus` of `tdd-prometheus`",
        ),
        ("POST /containers/tdd-prometheus/start", "cannot start `tdd-prometheus`"),
        ("GET /containers/tdd-grafana/json", "cannot inspect container `tdd-grafana`"),
        ("POST /containers/tdd-prometheus/exec", "cannot run `wget` inside `tdd-prometheus`"),
        ("POST /exec", "cannot run `wget` inside `tdd-prometheus`"),
    ] {
        let scene = Scene::with_images(program!());
        scene.engine.fail(Fault::Fails(call));
        let output = scene.run(["up"]);
        output.exits(1).says(doing).says("the disk of the engine is full");
        output.says("hint: completed operations are kept");
        scene.converges();
    }
}

#[test]
fn truncated_answer_fails_its_operation() {
    for call in ["POST /networks/create", "POST /volumes/create", "POST /containers/create?name=tdd-grafana"]
    {
        let scene = Scene::with_images(program!());
        scene.engine.fail(Fault::Cut(call));
        scene.run(["up"]).exits(1).says("cannot create");
        scene.converges();
    }
}

#[test]
fn up_resumes_after_an_interrupt() {
    for signal in ["INT", "TERM"] {
        let scene = scene_with(Fault::NoAnswer("POST /containers/create"));
        let running = scene.tdd_stack(["up"]).spawn();
        scene.engine.await_request("POST /containers/create");
        running.signal(signal);
        running.finish().exits(130).says("error: interrupted").says("remove the stack with `tdd-stack down`");
        scene.converges();
    }
}

#[test]
fn failed_pull_reports_its_cause_once() {
    for (fault, reason, fix) in [
        (Fault::PullFails, "failed to register layer: no space left on device", "docker system df"),
        (Fault::PullStopsEarly, "the engine's answer ended early", "--registry HOST"),
        (Fault::ImageMissing, "manifest unknown", "check name and tag in `--image`"),
        (Fault::LoginRequired, "no basic auth credentials", "`docker login`"),
        (Fault::Cut("POST /images/create"), "the pull failed", "--registry HOST"),
        (Fault::Fails("POST /images/create"), "the disk of the engine is full", "--registry HOST"),
    ] {
        let scene = scene_with(fault.clone());
        let output = scene.run(["up"]);
        output.exits(1).says("error: cannot pull 4 images: ").says(reason).says("hint: ").says(fix);
        for image in ["prom/prometheus:", "grafana/grafana:", "prom/node-exporter:", "prom/alertmanager:"] {
            output.says(&format!("\n  `{image}"));
        }
        let failures = output.stderr.lines().filter(|line| line.contains("failed: "));
        assert_eq!(failures.count(), 1, "one cause is one error: {}", output.stderr);
        assert!(scene.engine.containers().is_empty(), "{fault:?}");
        assert!(scene.engine.images().is_empty(), "{fault:?}");
        scene.converges();
    }
}

#[test]
fn pull_with_split_last_line_end_succeeds() {
    let scene = scene_with(Fault::PullEndsInParts);
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.images().len(), 4);
}

#[test]
fn taken_port_is_reported_before_any_change() {
    let scene = Scene::with_images(program!());
    let port = scene.free_port();
    let listener = listening(&scene);
    let output = scene.run(["up", "--port", &format!("grafana={port}")]);
    output.exits(4).says(&format!("port {port} of `grafana` is taken on {}", scene.address()));
    output
        .says(&format!("(process {})", listener.pid()))
        .says("--port grafana=auto")
        .says("nothing was changed");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert!(!scene.folder().join("config").exists(), "files were written");
}

#[test]
fn port_bound_for_own_container_is_not_a_conflict() {
    let scene = Scene::with_images(program!());
    let port = scene.free_port();
    let flag = format!("grafana={port}");
    let up = ["up", "--port", flag.as_str()];
    scene.engine.fail(Fault::NoAnswer("POST /containers/tdd-grafana/start"));
    let killed = scene.tdd_stack(up).spawn();
    scene.engine.await_request("POST /containers/tdd-grafana/start");
    killed.kill();
    scene.engine.recover();
    // The engine's proxy holds the port like this between its binding and the container's start.
    let proxy = listening(&scene);
    scene.run(["plan", "--port", &flag]).exits(0);
    // The start itself reports the process that holds the port.
    let output = scene.run(up);
    output.exits(4).says(&format!("port {port} of `grafana` is taken by"));
    output.says(&format!("(process {})", proxy.pid())).says("address already in use");
    drop(proxy);
    scene.run(up).exits(0);
    assert_eq!(scene.engine.address("tdd-grafana").map(|address| address.port()), Some(port));
}

#[test]
fn port_of_another_container_names_the_container() {
    let scene = Scene::with_images(program!());
    let address = std::net::SocketAddr::from((scene.address(), 3000));
    scene.engine.add_container("somebody-s-grafana", &json!({}), Some(address));
    let output = scene.run(["up", "--port", "grafana=3000"]);
    output.exits(4).says("port 3000 of `grafana` is taken").says("by container `somebody-s-grafana`");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn port_taken_at_start_is_a_conflict() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::PortTaken("prometheus"));
    let output = scene.run(["up"]);
    output.exits(4).says("of `prometheus` is taken").says("--port prometheus=auto");
    output.does_not_say("nothing was changed");
    assert_eq!(scene.engine.containers()["tdd-prometheus"], Phase::Created);
}

#[test]
fn automatic_port_changes_after_a_conflict() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::PortTaken("prometheus"));
    scene.run(["up"]).exits(4);
    // The first port stays taken; `auto` must choose another one.
    scene.run(["up"]).exits(0);
}

#[test]
fn foreign_object_with_own_name_is_a_conflict() {
    type Put = fn(&FakeEngine);
    let puts: [(Put, &str, &str); 3] = [
        (
            |engine| engine.add_container("tdd-grafana", &json!({}), None),
            "container `tdd-grafana` exists and does not belong to this stack",
            "docker rm tdd-grafana",
        ),
        (
            |engine| engine.add_network("tdd-monitoring"),
            "network `tdd-monitoring` exists and does not belong to this stack",
            "docker network rm tdd-monitoring",
        ),
        (
            |engine| engine.add_volume("tdd_grafana_data"),
            "volume `tdd_grafana_data` exists and does not belong to this stack",
            "docker volume rm tdd_grafana_data",
        ),
    ];
    for (put, words, hint) in puts {
        let scene = Scene::with_images(program!());
        put(&scene.engine);
        scene.run(["up"]).exits(4).says(words).says(hint).says("--stack NAME").says("nothing was changed");
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
}

#[test]
fn host_without_shared_mounts_runs_without_rslave() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::RootNotShared);
    let output = scene.run(["up"]);
    output.exits(0).says("note: the engine's host does not share `/`");
    assert!(output.stdout.contains("node-exporter runs without rslave"), "{}", output.stdout);
    let specification = scene.engine.specification("tdd-node-exporter");
    assert!(
        specification["Labels"]["tdd-stack.without"].as_str().is_some_and(|text| text.starts_with("rslave"))
    );
    assert!(!specification["HostConfig"]["Mounts"].to_string().contains("rslave"));
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn exited_service_is_reported_with_last_log_lines() {
    for (fault, service, how) in [
        (Fault::Dies("grafana"), "grafana", "`grafana` exited with code 1"),
        (Fault::RestartsForever("prometheus"), "prometheus", "is crash-looping"),
    ] {
        let scene = Scene::with_images(program!());
        scene.engine.fail(fault);
        let output = scene.run(["up"]);
        output
            .exits(1)
            .says(how)
            .says("| cannot open the storage: permission denied")
            .says("| this is the last line");
        output.says(&format!("`tdd-stack logs {service}` shows the full log"));
        assert_eq!(scene.engine.containers().len(), 4, "containers were removed");
        scene.converges();
    }
}

#[test]
fn service_that_never_gets_ready_times_out() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::NeverReady("alertmanager"));
    let output = scene.run(["up", "--wait-timeout", "2s"]);
    output.exits(5).says("`alertmanager` is not ready after 2s: http://").says("/-/ready answers 503");
    output.says("| alertmanager listens").says("--wait-timeout");
    scene.converges();
}

#[test]
fn unhealthy_data_source_times_out() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::DataSourceDown);
    let output = scene.run(["up", "--wait-timeout", "2s"]);
    output.exits(5).says("`grafana` is not ready after 2s: http://").says("answers 400");
    scene.converges();
}

#[test]
fn wait_proven_fails_with_a_down_target() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::TargetDown("node-exporter"));
    let output = scene.run(["up", "--wait", "proven", "--wait-timeout", "3s"]);
    output
        .exits(6)
        .says("target node-exporter is down")
        .says("context deadline exceeded")
        .says("tdd-stack status");
    let inside = scene.engine.loaded("tdd-prometheus");
    assert!(
        inside["prometheus.yml"] == scene.read("prometheus.yml"),
        "the files with short intervals remain"
    );
}

#[test]
fn image_without_wget_skips_the_connectivity_check() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::NoWget);
    scene
        .run(["up"])
        .exits(0)
        .says("note: connectivity was not checked: the image of prometheus has no `wget`");
}

#[test]
fn unwritable_folder_is_a_conflict() {
    let scene = Scene::with_images(program!());
    std::fs::write(scene.folder().join("config"), "a file in the way").expect("it is writable");
    scene.run(["up"]).exits(4).says("/config`").says("it is not a folder").says("--dir");
    assert!(scene.engine.containers().is_empty());
}

#[test]
fn firewall_between_containers_is_reported_as_the_cause() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Firewall("alertmanager"));
    let output = scene.run(["up"]);
    output.exits(1).says("`prometheus` gets no answer from `alertmanager:9093`: a firewall (iptables)");
    output
        .says("wget: download timed out")
        .says("hint: on the engine's host, allow the traffic: `sudo iptables -I FORWARD -i br-");
    output.does_not_say("rerun `tdd-stack up` to resume");
    // A failed change is rolled back and reports the same cause.
    scene.engine.recover();
    scene.run(["up"]).exits(0);
    scene.engine.fail(Fault::Firewall("grafana"));
    let changed =
        scene.run(["up", "--environment", "production", "--image", "grafana=grafana/grafana:13.1.2"]);
    changed.exits(1).says("gets no answer from `grafana:3000`").says("sudo iptables -I FORWARD");
}
