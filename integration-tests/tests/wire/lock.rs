//! Two programs never change one stack at once.

use std::time::{Duration, Instant};

use fake_engine::{Fault, Phase};
use integration_tests::cli::{Output, Running};
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::json;

/// How long a holder that cannot be seen must be silent before another program takes its place.
const SILENCE: Duration = Duration::from_secs(20);
/// What shows that a holder lives.
const BEAT: &str = "PUT /containers/tdd-lock/archive";

/// Brings a stack up that hangs in the middle.
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

/// Makes the holder one that the system of this machine does not know.
fn move_elsewhere(scene: &Scene) {
    scene.engine.relabel("tdd-lock", "tdd-stack.lock.process", None);
}

fn is_locked(scene: &Scene) -> bool {
    scene.engine.containers().contains_key("tdd-lock")
}

#[test]
fn the_second_program_waits_says_for_whom_and_goes_on_when_the_first_dies() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(3, "GET /containers/tdd-lock/json");
    let killed = Instant::now();
    first.kill();
    let output = second.finish();
    output.exits(0).says("waiting for `tdd-stack up` (process ").says("to release stack `tdd`");
    assert!(killed.elapsed() < SILENCE / 2, "a holder on this machine is known to be dead at once");
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
fn the_lock_is_never_started_and_leaves_nothing() {
    let scene = Scene::with_images(program!());
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    assert!(!requests.iter().any(|request| request == "POST /containers/tdd-lock/start"), "{requests:#?}");
    assert!(!is_locked(&scene));
}

#[test]
fn an_interrupt_releases_the_lock() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    assert!(is_locked(&scene));
    first.signal("INT");
    first.finish().exits(130);
    assert!(!is_locked(&scene));
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_request("GET /containers/tdd-lock/json");
    let began = Instant::now();
    second.signal("INT");
    second.finish().exits(130);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(is_locked(&scene), "it is another's");
    first.kill();
}

#[test]
fn a_lock_that_was_left_behind_is_removed_even_if_nothing_else_is_to_be_done() {
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
fn a_holder_elsewhere_is_waited_for_while_it_shows_that_it_lives() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    move_elsewhere(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    let began = Instant::now();
    scene.engine.await_requests(6, BEAT);
    assert!(began.elapsed() > SILENCE, "six signs of life take longer than a silence: {:?}", began.elapsed());
    assert!(is_locked(&scene) && scene.engine.changes().is_empty(), "{:?}", scene.engine.changes());
    second.kill();
    first.kill();
}

#[test]
fn a_holder_elsewhere_that_shows_no_life_any_more_is_waited_for_no_longer_than_a_silence() {
    let scene = Scene::with_images(program!());
    let first = hanging(&scene);
    move_elsewhere(&scene);
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(1, BEAT);
    first.kill();
    let killed = Instant::now();
    second.finish().exits(0);
    assert!(killed.elapsed() > SILENCE / 2, "it may just have been busy: {:?}", killed.elapsed());
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

/// Stops a program before its first change, for longer than any holder may be silent; `meanwhile` does the rest.
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
fn a_holder_that_was_suspended_for_too_long_makes_no_further_change() {
    let scene = Scene::with_images(program!());
    let output = suspended(&scene, || {
        scene.tdd_stack(["up"]).run().exits(0);
    });
    output.exits(1).says("lost the lock of stack `tdd`");
    output
        .says("it was not renewed for 20s")
        .says("completed before: write (12 times), create-network tdd-monitoring\n");
    output.says("hint: run the command again");
    // It could not know that its lock was gone.
    let changes = scene.engine.changes();
    assert!(changes.len() == 1 && changes[0].starts_with("DELETE /containers/"), "{changes:#?}");
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn a_holder_that_was_suspended_goes_on_if_nobody_has_taken_its_lock() {
    let scene = Scene::with_images(program!());
    let began = Instant::now();
    // Nothing tells when the time is over but the time.
    let output = suspended(&scene, || std::thread::sleep(SILENCE + Duration::from_secs(1)));
    output.exits(0);
    assert!(began.elapsed() > SILENCE);
    let made = scene.engine.requests().iter().filter(|line| line.contains("create?name=tdd-lock")).count();
    assert_eq!(made, 1, "it is taken anew, so that nobody else can be about to take it");
    assert_eq!(scene.engine.containers().len(), 4, "{:?}", scene.engine.containers());
}

#[test]
fn a_holder_whose_lock_is_removed_makes_no_further_change_and_the_next_up_goes_on() {
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
fn an_engine_that_breaks_off_the_call_that_watches_the_lock_takes_no_lock_away() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::Fails("POST /containers/tdd-lock/wait"));
    scene.run(["up"]).exits(0);
    let requests = scene.engine.requests();
    let count = |beginning: &str| requests.iter().filter(|line| line.starts_with(beginning)).count();
    assert_eq!(count(BEAT), 1, "it is proven once that the lock is held: {requests:#?}");
    assert_eq!(count("POST /containers/tdd-lock/wait"), 1, "no hot loop: {requests:#?}");
}

#[test]
fn a_lock_of_an_earlier_release_is_waited_for_while_it_runs() {
    let scene = Scene::with_images(program!());
    let labels = json!({"tdd-stack.stack": "tdd", "tdd-stack.lock": "`tdd-stack up` (process 1 on nowhere)"});
    scene.engine.add_container("tdd-lock", &labels, None);
    scene.run(["up", "--no-wait"]).exits(4).says("`tdd-stack up` (process 1 on nowhere)");
    scene.engine.forget();
    let second = scene.tdd_stack(["up"]).spawn();
    scene.engine.await_requests(3, "GET /containers/tdd-lock/json");
    // That release has its engine remove it when the program ends.
    scene.engine.remove_container("tdd-lock");
    second.finish().exits(0);
    assert_eq!(scene.engine.containers().len(), 4);
}

#[test]
fn a_lock_of_an_earlier_release_that_has_ended_is_not_waited_for() {
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

#[test]
fn a_name_that_is_taken_is_known_by_the_words_of_podman_too() {
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
fn a_name_that_is_taken_by_no_container_ends_in_an_error_and_in_no_hot_loop() {
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
