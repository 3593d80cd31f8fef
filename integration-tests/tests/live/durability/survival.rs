//! Samples, silences and the password survive any restart of containers and engine.

use integration_tests::retained_data::RetainedData;
use integration_tests::scenario::{SERVICES, Scenario, docker, eventually, operations};
use integration_tests::second_engine::SecondEngine;

use crate::scenario;

/// Not the specification's password, so that nothing else can have set it.
const PASSWORD: &str = "set at the first start";

/// Starts a stack whose Prometheus has scraped samples.
fn begin(scenario: &Scenario) -> RetainedData {
    scenario.succeed(&["up", "--wait", "proven"]);
    RetainedData::put(scenario, PASSWORD)
}

fn with_password(scenario: Scenario) -> Scenario {
    scenario.with_variable("TDD_STACK_GRAFANA_PASSWORD", PASSWORD)
}

/// Images that differ from the pinned ones by a label, like a newer version. Removed on drop.
struct Upgrades {
    references: Vec<(String, String)>,
}

impl Upgrades {
    fn of(scenario: &Scenario) -> Self {
        let mut upgrades = Self { references: Vec::new() };
        for service in ["prometheus", "grafana", "alertmanager"] {
            let image = scenario.inspect(service)["Config"]["Image"]
                .as_str()
                .expect("the container has an image")
                .to_string();
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
fn data_and_password_survive_down_and_up() {
    let scenario = with_password(scenario("outlive"));
    let kept = begin(&scenario);
    scenario.succeed(&["down"]);
    scenario.succeed(&["up"]);
    kept.are_present_in(&scenario);
    scenario.is_converged();
}

#[test]
fn data_and_password_survive_image_upgrade_and_downgrade() {
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
    kept.are_present_in(&scenario);
    scenario.plan(&flags).exits(0);
    scenario.succeed(&["up"]);
    kept.are_present_in(&scenario);
    scenario.is_converged();
    scenario.succeed(&["down", "--volumes"]);
}

/// A stack on a second engine that is going to be disturbed.
struct Survivor {
    engine: SecondEngine,
    scenario: Scenario,
    kept: RetainedData,
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

    /// Asserts that `up` restores the stack from its current state without replacing a container.
    fn is_restored_by_up(&self) {
        let up = self.scenario.succeed(&["up", "--output", "json"]).json();
        let done = operations(&up);
        // Services that do not answer yet are started or configured again, but never recreated.
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
        assert_eq!(self.scenario.ids(), self.before, "a container was replaced");
        self.kept.are_present_in(&self.scenario);
        self.scenario.is_converged();
    }

    /// Asserts that the engine alone restores the stack.
    fn is_restored_by_the_engine(&self) {
        let running =
            || self.scenario.docker(&["ps", "--quiet", "--filter", "status=running"]).lines().count();
        eventually("the engine starts every service again", running, |count| *count == SERVICES.len());
        self.kept.are_present_in(&self.scenario);
        let up = self.scenario.succeed(&["up", "--output", "json"]).json();
        assert_eq!(operations(&up), [""; 0]);
        assert_eq!(self.scenario.ids(), self.before);
    }
}

#[test]
fn second_engine_keeps_the_first_engines_bridge() {
    let bridge = || {
        docker(&[
            "network",
            "inspect",
            "bridge",
            "--format",
            "{{index .Options \"com.docker.network.bridge.name\"}}",
        ])
    };
    let exists = || std::path::Path::new("/sys/class/net").join(bridge().trim()).exists();
    assert!(exists(), "the machine's engine has no bridge");
    let engine = SecondEngine::start();
    assert!(exists());
    engine.restart();
    drop(engine);
    assert!(exists());
}

#[test]
fn stack_survives_an_engine_restart() {
    let survivor = Survivor::new("engine-restart");
    survivor.engine.restart();
    survivor.is_restored_by_up();
    survivor.engine.restart();
    survivor.is_restored_by_the_engine();
}

#[test]
fn up_restores_the_stack_after_engine_kill() {
    let survivor = Survivor::new("engine-killed");
    for _ in 0..2 {
        // Engine 20.10 stops containers that survived its kill, and does not restart them.
        survivor.engine.kill();
        survivor.engine.launch();
        survivor.is_restored_by_up();
    }
}

#[test]
fn up_works_after_the_engine_was_wiped() {
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
