//! A service's container exits, restarts in a loop, is killed for its memory, cannot run here, or listens late.

use std::time::{Duration, Instant};

use integration_tests::scenario::{Scenario, docker, eventually, remove_image};

use crate::scenario;

/// The first bytes of a program for another processor.
const FOREIGN_PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x16\0\x01\0\0\0";

/// An image of a test's own, which is removed when it is dropped.
struct Image(String);

impl Image {
    /// Returns Alertmanager's image with a script in the place of Alertmanager.
    fn with_script(scenario: &Scenario, script: &str) -> Self {
        // The first folder of its search path.
        Self::with_program(
            scenario,
            "/usr/local/sbin/alertmanager",
            format!("#!/bin/sh\n{script}\n").as_bytes(),
        )
    }

    /// Returns Alertmanager's image with another program at a path.
    fn with_program(scenario: &Scenario, path: &str, content: &[u8]) -> Self {
        let original = Scenario::image("alertmanager");
        let reference = format!("{}/tdd-stack-test/{}:1", scenario.registry(), scenario.stack());
        let id = docker(&["create", &original]);
        let id = id.trim();
        // Folders that the image lacks come with the program.
        let tree = tempfile::tempdir().expect("a temporary folder");
        let program = tree.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(program.parent().expect("it is in a folder")).expect("folders can be made");
        std::fs::write(&program, content).expect("the file can be written");
        for path in [tree.path(), &program] {
            let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(path, everybody).expect("it is ours");
        }
        docker(&["cp", &format!("{}/.", tree.path().display()), &format!("{id}:/")]);
        docker(&["commit", id, &reference]);
        docker(&["rm", "--volumes", id]);
        Self(reference)
    }

    fn argument(&self) -> String {
        format!("alertmanager={}", self.0)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        remove_image(&self.0);
    }
}

#[test]
fn a_container_that_exits_and_is_restarted_again_and_again_is_told_at_once() {
    let scenario = scenario("loop");
    let image = Image::with_script(&scenario, "echo the last words; sleep 0.2; exit 7");
    let began = Instant::now();
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("`alertmanager` exited with code 7").says("| the last words");
    output.says("hint: `tdd-stack logs alertmanager` shows the full log");
    // The wait of two minutes is not used up, however busy the machine.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(scenario.objects("container").len(), 4, "the diagnostics are gone");
    scenario.converges();
}

#[test]
fn a_container_that_runs_again_is_told_by_how_it_ended_before() {
    let scenario = scenario("again");
    let script = "test -e /alertmanager/again && exec sleep 60; touch /alertmanager/again; sleep 1; exit 7";
    let image = Image::with_script(&scenario, script);
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("`alertmanager` exited with code 7 and is crash-looping");
    scenario.converges();
}

#[test]
fn a_container_that_is_killed_for_its_memory_is_told_as_that() {
    let scenario = scenario("memory");
    // It waits for its limit, so that no machine is short of memory for it.
    let script =
        "limit() { cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; }
until [ $(limit) = 33554432 ]; do sleep 0.1; done
tail /dev/zero";
    let image = Image::with_script(&scenario, script);
    let running = scenario.spawn(&["up", "--image", &image.argument()]);
    let name = scenario.container("alertmanager");
    let filters = [format!("name=^{name}$"), "status=running".to_string()];
    let is_running =
        || !docker(&["ps", "--quiet", "--filter", &filters[0], "--filter", &filters[1]]).is_empty();
    eventually("Alertmanager is started", is_running, |is_running| *is_running);
    docker(&["update", "--memory", "32m", "--memory-swap", "32m", &name]);
    let output = running.finish();
    output
        .exits(1)
        .says("`alertmanager` exited with code 137, killed because it reached its memory limit of 32 MiB");
    output.says("hint: give it more memory, or reduce its load");
    scenario.converges();
}

#[test]
fn a_program_for_another_processor_is_told_as_that() {
    let scenario = scenario("processor");
    let image = Image::with_program(&scenario, "/usr/bin/busybox", FOREIGN_PROGRAM);
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("exec format error");
    output.says("the image is built for another CPU architecture than the engine's");
    output.says("--image alertmanager=REF");
    scenario.converges();
}

#[test]
fn a_service_that_listens_late_is_waited_for_as_long_as_asked() {
    let scenario = scenario("late");
    let image = Image::with_script(&scenario, "sleep 10; exec /bin/alertmanager \"$@\"");
    let began = Instant::now();
    scenario.succeed(&["up", "--image", &image.argument()]);
    assert!(began.elapsed() > Duration::from_secs(10), "it was not waited for: {:?}", began.elapsed());
    scenario.succeed(&["down"]);
    let output = scenario.run(&["up", "--image", &image.argument(), "--wait-timeout", "5s"]);
    output.exits(5).says("`alertmanager` is not ready after 5s").says("--wait-timeout");
    scenario.converges();
}
