//! What was measured, silenced and set is still there after whatever happens to containers and engine.

use integration_tests::keepsakes::Keepsakes;
use integration_tests::scenario::{SERVICES, Scenario, docker, eventually, operations};
use integration_tests::second_engine::SecondEngine;

use super::scenario;

/// Not the specification's, so that nobody can have set it anew.
const PASSWORD: &str = "set at the first start";

/// Begins with a stack whose Prometheus has measured something.
fn begin(scenario: &Scenario) -> Keepsakes {
    scenario.succeed(&["up", "--wait", "proven"]);
    Keepsakes::put(scenario, PASSWORD)
}

fn with_password(scenario: Scenario) -> Scenario {
    scenario.with_variable("TDD_STACK_GRAFANA_PASSWORD", PASSWORD)
}

fn is_converged(scenario: &Scenario) {
    scenario.run(&["plan", "--detailed-exitcode"]).exits(0);
}

/// Images that differ from the pinned ones by a label, as a newer version does by everything. Removed in the end.
struct Upgrades {
    references: Vec<(String, String)>,
}

impl Upgrades {
    fn of(scenario: &Scenario) -> Self {
        let mut upgrades = Self { references: Vec::new() };
        for service in ["prometheus", "grafana", "alertmanager"] {
            let image =
                scenario.inspect(service)["Config"]["Image"].as_str().expect("it has an image").to_string();
            let reference = format!("{image}-{}", scenario.stack());
            let label = format!("tdd-stack.stack={}", scenario.stack());
            let container = docker(&["create", "--label", &label, &image]);
            docker(&["commit", "--change", "LABEL version=newer", container.trim(), &reference]);
            upgrades.references.push((service.to_string(), reference));
            docker(&["rm", container.trim()]);
        }
        upgrades
    }
}

impl Drop for Upgrades {
    fn drop(&mut self) {
        for (_, reference) in &self.references {
            docker(&["rmi", "--force", reference]);
        }
    }
}

#[test]
fn data_and_password_outlive_down_and_up() {
    let scenario = with_password(scenario("outlive"));
    let kept = begin(&scenario);
    scenario.succeed(&["down"]);
    scenario.succeed(&["up"]);
    kept.are_in(&scenario);
    is_converged(&scenario);
}

#[test]
fn data_and_password_outlive_an_upgrade_of_every_image_and_the_way_back() {
    let scenario = with_password(scenario("upgrade"));
    let kept = begin(&scenario);
    let upgrades = Upgrades::of(&scenario);
    let before = scenario.ids();
    let images: Vec<String> =
        upgrades.references.iter().map(|(service, reference)| format!("{service}={reference}")).collect();
    let flags: Vec<&str> = images.iter().flat_map(|image| ["--image", image.as_str()]).collect();
    scenario.succeed(&[&["up"], flags.as_slice()].concat());
    let changed: Vec<bool> = before.iter().zip(scenario.ids()).map(|(old, new)| *old != new).collect();
    assert_eq!(changed, [true, true, false, true]);
    kept.are_in(&scenario);
    scenario.run(&[&["plan", "--detailed-exitcode"], flags.as_slice()].concat()).exits(0);
    scenario.succeed(&["up"]);
    kept.are_in(&scenario);
    is_converged(&scenario);
    scenario.succeed(&["down", "--volumes"]);
}

/// Lets something happen to an engine, which must leave the stack as it was.
fn outlives(name: &str, happening: impl Fn(&SecondEngine)) {
    let engine = SecondEngine::start();
    let program = env!("CARGO_BIN_EXE_tdd-stack-under-test");
    let scenario = with_password(Scenario::on(&engine, program, name));
    let kept = begin(&scenario);
    let before = scenario.ids();
    happening(&engine);
    // The program finds the stack in whatever state the engine has brought it to by now.
    let up = scenario.succeed(&["up", "--output", "json"]).json();
    let done = operations(&up);
    // What does not answer yet is started or asked for again, never made anew.
    let needed = [
        "start",
        "restart",
        "await",
        "reach",
        "deliver-login",
        "set-login",
        "data-source",
        "await-source",
        "import",
    ];
    let is_needed = |operation: &String| needed.contains(&operation.as_str());
    assert!(done.iter().all(is_needed), "{done:?}");
    assert_eq!(scenario.ids(), before, "no container is replaced");
    kept.are_in(&scenario);
    is_converged(&scenario);
    // Another time nobody but the engine does anything.
    happening(&engine);
    let running = || scenario.docker(&["ps", "--quiet", "--filter", "status=running"]).lines().count();
    eventually("the engine starts every service again", running, |count| *count == SERVICES.len());
    kept.are_in(&scenario);
    let up = scenario.succeed(&["up", "--output", "json"]).json();
    let done = operations(&up);
    assert!(done.iter().all(is_needed), "{done:?}");
    assert_eq!(scenario.ids(), before);
    is_converged(&scenario);
}

#[test]
fn a_second_engine_leaves_the_bridge_of_the_machine_s_engine_alone() {
    let bridge = || {
        docker(&[
            "network",
            "inspect",
            "bridge",
            "--format",
            "{{index .Options \"com.docker.network.bridge.name\"}}",
        ])
    };
    let is_there = || std::path::Path::new("/sys/class/net").join(bridge().trim()).exists();
    assert!(is_there(), "the machine's engine has no bridge");
    let engine = SecondEngine::start();
    assert!(is_there());
    engine.restart();
    drop(engine);
    assert!(is_there());
}

#[test]
fn an_engine_that_restarts_brings_everything_back() {
    outlives("engine-restart", SecondEngine::restart);
}

#[test]
fn an_engine_that_is_killed_brings_everything_back() {
    outlives("engine-killed", |engine| {
        engine.kill();
        engine.launch();
    });
}

#[test]
fn without_its_engine_the_program_says_so_and_an_empty_engine_gets_a_stack_again() {
    let engine = SecondEngine::start();
    let scenario = Scenario::on(&engine, env!("CARGO_BIN_EXE_tdd-stack-under-test"), "engine-gone");
    scenario.succeed(&["up"]);
    engine.stop();
    for verb in ["status", "up", "down"] {
        scenario.run(&[verb]).exits(3);
    }
    engine.launch();
    engine.wipe();
    assert_eq!(scenario.objects("container"), [""; 0]);
    scenario.succeed(&["up"]);
    is_converged(&scenario);
}
