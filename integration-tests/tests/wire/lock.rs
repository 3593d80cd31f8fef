//! Two programs never change one stack at the same time.

use std::time::{Duration, Instant};

use fake_engine::{Fault, Phase};
use integration_tests::cli::{Output, Running};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

/// The time without a heartbeat after which an invisible holder counts as dead.
const LOCK_LIMIT: Duration = Duration::from_secs(20);
/// The request that renews the lock.
const HEARTBEAT: &str = "PUT /containers/tdd-lock/archive";

/// Starts an `up` that hangs in the middle.
fn hanging(scene: &Scene) -> Running {
    hanging_at(scene, "up", "POST /networks/create")
}

fn hanging_at(scene: &Scene, verb: &str, call: &'static str) -> Running {
    scene.engine.fail(Fault::NoAnswer(call));
    let running = scene.tdd_stack([verb]).spawn();
    scene.engine.await_request(call);
    scene.engine.recover();
    running
}

/// Hides the holder's process, as if it ran on another machine.
fn move_elsewhere(scene: &Scene) {
    scene.engine.relabel("tdd-lock", "tdd-stack.lock.process", None);
}

fn is_locked(scene: &Scene) -> bool {
    scene.engine.containers().contains_key("tdd-lock")
}

#[test]
fn second_program_waits_until_the_first_dies() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(3, "GET /containers/tdd-lock/json");
    let killed = Instant::now();
    first.kill();
    let output = second.finish();
    output.exits(0).says("waiting for `tdd-stack up` (process ").says("to release stack `tdd`");
    assert!(killed.elapsed() < LOCK_LIMIT / 2, "a dead local holder was not detected at once");
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

#[test]
fn no_wait_fails_at_once_without_changes() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    for verb in ["up", "down"] {
        let began = Instant::now();
        let output = scene.run([verb, "--no-wait"]);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        match verb {
            "up" => output.exits(4).says("stack `tdd` is being changed by `tdd-stack up` (process "),
            // Nothing exists that `down` could remove.
            _ => output.exits(0),
        };
    }
    assert_eq!(scene.engine.changes(), [""; 0]);
    first.kill();
    scene.run(["up", "--no-wait"]).exits(0);
}

#[test]
fn lock_of_another_stack_is_ignored() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.run(["up", "--no-wait", "--stack", "other"]).exits(0);
    first.kill();
}

#[test]
fn verbs_without_changes_take_no_lock() {
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
fn lock_container_is_never_started_and_removed() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    assert!(!requests.iter().any(|request| request == "POST /containers/tdd-lock/start"), "{requests:#?}");
    assert!(!is_locked(&scene));
}

#[test]
fn interrupt_releases_the_lock() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    assert!(is_locked(&scene));
    first.signal("INT");
    first.finish().exits(130);
    assert!(!is_locked(&scene));
}

#[test]
fn interrupt_ends_the_wait_for_the_lock() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_request("GET /containers/tdd-lock/json");
    let began = Instant::now();
    second.signal("INT");
    second.finish().exits(130);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(is_locked(&scene), "the lock of the other program was removed");
    first.kill();
}

#[test]
fn abandoned_lock_is_removed_without_other_changes() {
    for verb in ["up", "down"] {
        let scene = Scene::with_images(program!());
        if verb == "down" {
            scene.run(["up"]).exits(0);
            scene.engine.forget();
        }
        hanging_at(&scene, verb, "DELETE /containers/tdd-lock").kill();
        assert!(is_locked(&scene));
        scene.engine.forget();
        scene.run([verb]).exits(0);
        assert!(!is_locked(&scene), "{verb}");
        assert_eq!(scene.engine.changes(), [""; 0], "{verb}");
    }
}

#[test]
fn remote_holder_keeps_lock_only_with_heartbeats() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    move_elsewhere(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    let began = Instant::now();
    scene.engine.await_requests(6, HEARTBEAT);
    assert!(
        began.elapsed() > LOCK_LIMIT,
        "six heartbeats must last longer than the limit: {:?}",
        began.elapsed()
    );
    assert!(is_locked(&scene) && scene.engine.changes().is_empty(), "{:?}", scene.engine.changes());
    second.kill();
    first.kill();
}

#[test]
fn silent_remote_holder_loses_lock() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    move_elsewhere(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(1, HEARTBEAT);
    first.kill();
    let killed = Instant::now();
    second.finish().exits(0);
    assert!(killed.elapsed() > LOCK_LIMIT / 2, "the lock was taken too soon: {:?}", killed.elapsed());
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

/// Suspends a program before its first change for longer than the lock lasts; `meanwhile` runs in between.
fn suspended(scene: &Scene, meanwhile: impl FnOnce()) -> Output {
    scene.engine.fail(Fault::Slow(Duration::from_millis(500)));
    let first = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_request("POST /networks/create");
    first.signal("STOP");
    scene.engine.recover();
    move_elsewhere(scene);
    meanwhile();
    scene.engine.forget();
    first.signal("CONT");
    first.finish()
}

#[test]
fn suspended_holder_loses_lock_and_changes_nothing() {
    let scene = Scene::with_images(program!());
    let output = suspended(&scene, || {
        scene.tdd_stack(["up"]).run().exits(0);
    });
    output.exits(1).says("lost the lock of stack `tdd`");
    output
        .says("it was not renewed for 20s")
        .says("completed before: write (12 times), create-network tdd-monitoring\n");
    output.says("hint: run the command again");
    // The suspended program could not notice the loss of its lock.
    let changes = scene.engine.changes();
    assert!(changes.len() == 1 && changes[0].starts_with("DELETE /containers/"), "{changes:#?}");
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn suspended_holder_resumes_with_a_new_lock() {
    let scene = Scene::with_images(program!());
    let began = Instant::now();
    // Only elapsed time ends the lock.
    let output = suspended(&scene, || std::thread::sleep(LOCK_LIMIT + Duration::from_secs(1)));
    output.exits(0);
    assert!(began.elapsed() > LOCK_LIMIT);
    let made = scene.engine.requests().iter().filter(|line| line.contains("create?name=tdd-lock")).count();
    assert_eq!(made, 1, "the lock was not created again");
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

#[test]
fn holder_of_removed_lock_changes_nothing_further() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Slow(Duration::from_millis(500)));
    let first = scene.tdd_stack(["up", "--output", "json"]).spawn();
    scene.engine.await_request("POST /networks/create");
    scene.engine.remove_container("tdd-lock");
    scene.engine.forget();
    scene.engine.await_request("GET /containers/tdd-lock/json");
    scene.engine.recover();
    let output = first.finish();
    output.exits(1).says("its container was removed").says("docker system prune");
    assert_eq!(output.json()["code"], "lock-lost");
    assert!(scene.engine.containers().is_empty(), "{:?}", scene.engine.containers());
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn failed_lock_watch_keeps_the_lock() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Fails("POST /containers/tdd-lock/wait"));
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    let count = |beginning: &str| requests.iter().filter(|line| line.starts_with(beginning)).count();
    assert_eq!(count(HEARTBEAT), 1, "the lock is verified once: {requests:#?}");
    assert_eq!(count("POST /containers/tdd-lock/wait"), 1, "no hot loop: {requests:#?}");
}

#[test]
fn running_lock_of_earlier_release_is_waited_for() {
    let scene = Scene::with_images(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.lock": "`tdd-stack up` (process 1 on nowhere)"});
    scene.engine.add_container("tdd-lock", &labels, None);
    scene.run(["up", "--no-wait"]).exits(4).says("`tdd-stack up` (process 1 on nowhere)");
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(3, "GET /containers/tdd-lock/json");
    // An earlier release made its engine remove the lock with the program's end.
    scene.engine.remove_container("tdd-lock");
    second.finish().exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn exited_lock_of_earlier_release_is_replaced() {
    let scene = Scene::with_images(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.lock": "`tdd-stack up` (process 1 on nowhere)"});
    scene.engine.add_container("tdd-lock", &labels, None);
    scene.engine.set_phase("tdd-lock", Phase::Exited);
    scene.run(["up", "--no-wait"]).exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn foreign_lock_container_is_a_conflict() {
    let scene = Scene::with_images(program!());
    scene.engine.add_container("tdd-lock", &json!({}), None);
    let output = scene.run(["up"]);
    output.exits(4).says("container `tdd-lock` exists and does not belong to this stack");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn taken_lock_name_is_detected_on_podman() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    scene.engine.fail(Fault::Says(
        "POST /containers/create?name=tdd-lock",
        "creating container storage: the container name \"tdd-lock\" is already in use by 94af5447d11a. You have to \
         remove that container to be able to reuse that name: that name is already in use, or use --replace to \
         instruct Podman to do so.",
    ));
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(2, "GET /containers/tdd-lock/json");
    scene.engine.recover();
    first.kill();
    second.finish().exits(0).says("waiting for `tdd-stack up` (process ");
}

#[test]
fn reserved_lock_name_fails_without_hot_loop() {
    let scene = Scene::with_images(program!());
    let words = "Conflict. The container name \"/tdd-lock\" is already in use by container \"c1768340053a\".";
    scene.engine.fail(Fault::Says("POST /containers/create?name=tdd-lock", words));
    let output = scene.run(["up"]);
    output
        .exits(1)
        .says("cannot lock stack `tdd`")
        .says("in use for 10 s, although no program holds the lock");
    let requests = scene.engine.requests();
    let tries = requests.iter().filter(|line| line.contains("create?name=tdd-lock")).count();
    assert!((10..=110).contains(&tries), "{tries} tries");
}
