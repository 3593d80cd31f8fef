//! What was measured, silenced and set is still there after whatever happens to containers and engine.

use integration_tests::keepsakes::Keepsakes;
use integration_tests::scenario::{SERVICES, Scenario, docker, eventually, operations};
use integration_tests::second_engine::SecondEngine;

use crate::scenario;

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
            docker(&["rm", "--volumes", container.trim()]);
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
    scenario.is_converged();
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
    scenario.plan(&flags).exits(0);
    scenario.succeed(&["up"]);
    kept.are_in(&scenario);
    scenario.is_converged();
    scenario.succeed(&["down", "--volumes"]);
}

/// A stack on an engine of its own, before something happens to that.
struct Survivor {
    engine: SecondEngine,
    scenario: Scenario,
    kept: Keepsakes,
    before: Vec<String>,
}

impl Survivor {
    fn new(name: &str) -> Self {
        let engine = SecondEngine::start();
        let program = env!("CARGO_BIN_EXE_tdd-stack-under-test");
        let scenario = with_password(Scenario::on(&engine, program, name));
        let kept = begin(&scenario);
        let before = scenario.ids();
        Self { engine, scenario, kept, before }
    }

    /// The program finds the stack in whatever state the engine has brought it to by now.
    fn is_brought_back_by_up(&self) {
        let up = self.scenario.succeed(&["up", "--output", "json"]).json();
        let done = operations(&up);
        // What does not answer yet is started or asked for again, never made anew.
        let needed = [
            "start",
            "restart",
            "wait-ready",
            "check-connectivity",
            "write-password-file",
            "set-login",
            "set-data-source",
            "wait-data-source",
            "import-dashboard",
        ];
        assert!(done.iter().all(|operation| needed.contains(&operation.as_str())), "{done:?}");
        assert_eq!(self.scenario.ids(), self.before, "no container is replaced");
        self.kept.are_in(&self.scenario);
        self.scenario.is_converged();
    }

    /// Nobody but the engine does anything.
    fn is_brought_back_by_the_engine(&self) {
        let running =
            || self.scenario.docker(&["ps", "--quiet", "--filter", "status=running"]).lines().count();
        eventually("the engine starts every service again", running, |count| *count == SERVICES.len());
        self.kept.are_in(&self.scenario);
        let up = self.scenario.succeed(&["up", "--output", "json"]).json();
        assert_eq!(operations(&up), [""; 0]);
        assert_eq!(self.scenario.ids(), self.before);
    }
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
    let survivor = Survivor::new("engine-restart");
    survivor.engine.restart();
    survivor.is_brought_back_by_up();
    survivor.engine.restart();
    survivor.is_brought_back_by_the_engine();
}

#[test]
fn after_an_engine_that_was_killed_up_brings_everything_back() {
    let survivor = Survivor::new("engine-killed");
    for _ in 0..2 {
        // Engine 20.10 ends what outlived it, and takes that for the wish of its user: it starts nothing again.
        survivor.engine.kill();
        survivor.engine.launch();
        survivor.is_brought_back_by_up();
    }
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
    scenario.is_converged();
}
