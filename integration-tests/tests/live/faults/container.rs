//! A service's container exits, crash-loops, exceeds its memory, has the wrong architecture, or starts late.

use std::time::{Duration, Instant};

use integration_tests::scenario::{Scenario, docker, eventually, remove_image};

use crate::scenario;

/// The ELF header of a program for another CPU architecture.
const FOREIGN_PROGRAM: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x16\0\x01\0\0\0";

/// An image that a test creates and that is removed on drop.
struct Image(String);

impl Image {
    /// Returns Alertmanager's image with a script in place of Alertmanager.
    fn with_script(scenario: &Scenario, script: &str) -> Self {
        // The first folder of the image's search path.
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
        // Missing folders are copied with the program.
        let tree = tempfile::tempdir().expect("a temporary folder");
        let program = tree.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(program.parent().expect("the program has a parent folder"))
            .expect("folders can be created");
        std::fs::write(&program, content).expect("the file is writable");
        for path in [tree.path(), &program] {
            let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(path, readable).expect("this user owns it");
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
fn crash_looping_service_is_reported_at_once() {
    let scenario = scenario("loop");
    let image = Image::with_script(&scenario, "echo the last words; sleep 0.2; exit 7");
    let began = Instant::now();
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("`alertmanager` exited with code 7").says("| the last words");
    output.says("hint: `tdd-stack logs alertmanager` shows the full log");
    // The limit is far below the wait of two minutes, so a busy machine passes too.
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(scenario.objects("container").len(), 4, "a container was removed");
    scenario.converges();
}

#[test]
fn restarted_service_is_reported_with_its_exit_code() {
    let scenario = scenario("again");
    let script = "test -e /alertmanager/again && exec sleep 60; touch /alertmanager/again; sleep 1; exit 7";
    let image = Image::with_script(&scenario, script);
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("`alertmanager` exited with code 7 and is crash-looping");
    scenario.converges();
}

#[test]
fn service_killed_for_its_memory_is_reported() {
    let scenario = scenario("memory");
    // The script waits for its low limit, so that the machine never runs out of memory.
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
fn image_for_another_architecture_is_reported() {
    let scenario = scenario("processor");
    let image = Image::with_program(&scenario, "/usr/bin/busybox", FOREIGN_PROGRAM);
    let output = scenario.run(&["up", "--image", &image.argument()]);
    output.exits(1).says("exec format error");
    output.says("the image is built for another CPU architecture than the engine's");
    output.says("--image alertmanager=REF");
    scenario.converges();
}

#[test]
fn late_service_is_waited_for_until_the_timeout() {
    let scenario = scenario("late");
    let image = Image::with_script(&scenario, "sleep 10; exec /bin/alertmanager \"$@\"");
    let began = Instant::now();
    scenario.succeed(&["up", "--image", &image.argument()]);
    assert!(began.elapsed() > Duration::from_secs(10), "`up` did not wait: {:?}", began.elapsed());
    scenario.succeed(&["down"]);
    let output = scenario.run(&["up", "--image", &image.argument(), "--wait-timeout", "5s"]);
    output.exits(5).says("`alertmanager` is not ready after 5s").says("--wait-timeout");
    scenario.converges();
}
