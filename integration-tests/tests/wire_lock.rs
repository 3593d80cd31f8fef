//! Two programs never change one stack at once.

use std::time::{Duration, Instant};

use integration_tests::fake_engine::{Fault, Phase};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

/// Brings a stack up that hangs in the middle.
fn hanging(scene: &Scene) -> integration_tests::cli::Running {
    scene.engine.fail(Fault::NoAnswer("POST /networks/create"));
    let running = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_request("POST /networks/create");
    scene.engine.recover();
    running
}

#[test]
fn the_second_program_waits_and_says_for_whom() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_request("POST /containers/tdd-lock/wait");
    first.kill();
    let output = second.finish();
    output.exits(0).says("waiting for `tdd-stack up` (process ").says("to be done with stack `tdd`");
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

#[test]
fn who_will_not_wait_fails_at_once_and_changes_nothing() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    for verb in ["up", "down"] {
        let began = Instant::now();
        let output = scene.run([verb, "--no-wait"]);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        match verb {
            "up" => output.exits(4).says("stack `tdd` is being changed by `tdd-stack up` (process "),
            // There is nothing to be taken down yet.
            _ => output.exits(0),
        };
    }
    assert_eq!(scene.engine.changes(), [""; 0]);
    first.kill();
    scene.run(["up", "--no-wait"]).exits(0);
}

#[test]
fn another_stack_is_not_waited_for() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.run(["up", "--no-wait", "--stack", "other"]).exits(0);
    first.kill();
}

#[test]
fn what_changes_nothing_takes_no_lock() {
    let scene = Scene::after_up(program!());
    let first = scene.tdd_stack(["status", "--watch"]).spawn();
    scene.engine.await_request("GET /containers/json");
    for verb in ["up", "status", "plan", "check", "doctor"] {
        scene.run([verb]);
    }
    let requests = scene.engine.requests();
    assert_eq!(requests.iter().find(|request| request.contains("tdd-lock")), None);
    first.kill();
}

#[test]
fn a_holder_that_died_before_it_began_is_not_waited_for_for_ever() {
    let scene = Scene::with_images(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.lock": "`tdd-stack up` (process 1 on nowhere)"});
    scene.engine.add_container("tdd-lock", &labels, None);
    scene.engine.set_phase("tdd-lock", Phase::Exited);
    scene.run(["up", "--no-wait"]).exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn a_foreign_container_of_that_name_is_a_conflict() {
    let scene = Scene::with_images(program!());
    scene.engine.add_container("tdd-lock", &json!({}), None);
    let output = scene.run(["up"]);
    output.exits(4).says("container `tdd-lock` exists and does not belong to this stack");
    assert_eq!(scene.engine.changes(), [""; 0]);
}
