//! Backups that are rejected, fail or are interrupted change nothing, or leave the stack running and no file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use integration_tests::cli::Output;
use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, text};

use super::{Filled, files, hidden, look, volumes};
use crate::scenario;

/// A command that must be rejected, and its case.
struct Rejected<'a> {
    case: &'a str,
    arguments: Vec<&'a str>,
    code: i32,
    says: &'a [&'a str],
}

impl Rejected<'_> {
    /// Asserts that the command is rejected with a hint.
    fn check(&self, scenario: &Scenario) {
        let Output { code, stderr, .. } = scenario.run(&self.arguments);
        assert_eq!(code, self.code, "{}: {stderr}", self.case);
        for words in self.says.iter().chain(&["hint: "]) {
            assert!(stderr.contains(words), "{}: {words:?} is missing: {stderr}", self.case);
        }
    }
}

/// Returns backups with one fault each and the description of the fault.
fn damaged(good: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (length, middle) = (good.len(), good.len() / 2);
    let flipped = [
        ("the third byte", 2),
        ("byte 100", 100),
        ("the middle", middle),
        ("byte 60 from the end", length - 60),
        ("byte 40 from the end", length - 40),
        ("the last byte", length - 1),
    ]
    .map(|(place, at)| {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1;
        (format!("one bit of {place} is flipped"), bytes)
    });
    let cut =
        [("all", 0), ("all but three bytes", 3), ("the second half", middle), ("the last byte", length - 1)]
            .map(|(lost, kept)| (format!("{lost} is truncated"), good[..kept].to_vec()));
    flipped.into_iter().chain(cut).collect()
}

#[test]
fn conflicting_or_damaged_backup_changes_nothing() {
    let filled = Filled::new("refused");
    let scenario = &filled.scenario;
    scenario.succeed(&["backup", filled.path()]);
    let good = std::fs::read(&filled.file).expect("it is readable");
    rejects_while_the_stack_runs(&filled, &good);
    scenario.succeed(&["down"]);
    replaces_data_only_on_request(&filled, &good);
    keeps_an_edited_file(&filled);
    scenario.succeed(&["up"]);
    assert_eq!(look(scenario, filled.at, http::ADMIN), filled.data);
}

/// Asserts that no file is replaced, no folder is created, and a running stack is not restored.
fn rejects_while_the_stack_runs(filled: &Filled, good: &[u8]) {
    let scenario = &filled.scenario;
    let ids = scenario.ids();
    let nowhere = scenario.folder().join("absent/x").display().to_string();
    for (case, arguments, says) in [
        ("the backup's file is there", vec!["backup", filled.path()], "stack.backup` exists"),
        ("the backup's folder is not there", vec!["backup", &nowhere], "absent/x"),
        ("the stack runs", vec!["restore", filled.path()], "-prometheus` exists"),
        ("the stack runs", vec!["restore", filled.path(), "--overwrite"], "-prometheus` exists"),
    ] {
        Rejected { case, arguments, code: 4, says: &[says] }.check(scenario);
    }
    assert_eq!(std::fs::read(&filled.file).expect("it is readable"), good);
    assert_eq!(scenario.ids(), ids);
    scenario.is_converged();
}

/// Asserts that data is replaced only on request, and only by a complete backup.
fn replaces_data_only_on_request(filled: &Filled, good: &[u8]) {
    let scenario = &filled.scenario;
    scenario.edit("alerts.yml", "severity: critical", "severity: critical # later");
    let (created, configuration) = (created(scenario), files(scenario));
    let (case, says) = ("there is data", "_prometheus_data` exists");
    Rejected { case, arguments: vec!["restore", filled.path()], code: 4, says: &[says] }.check(scenario);
    let foreign = std::fs::read(scenario.file("alerts.yml")).expect("it is readable");
    let bad = scenario.folder().join("bad.backup");
    let path = bad.to_str().expect("it is UTF-8");
    for (case, bytes) in damaged(good).into_iter().chain([("it is not a backup".into(), foreign)]) {
        std::fs::write(&bad, &bytes).expect("it is writable");
        for flags in [&[][..], &["--overwrite"]] {
            let arguments = [&["restore", path], flags].concat();
            let says = &["cannot restore `", "bad.backup", "hint: nothing was restored"];
            Rejected { case: &case, arguments, code: 1, says }.check(scenario);
        }
    }
    assert_eq!(self::created(scenario), created);
    assert_eq!(files(scenario), configuration);
}

/// Asserts that a restore that replaces data keeps an edited file.
fn keeps_an_edited_file(filled: &Filled) {
    let scenario = &filled.scenario;
    let (created, configuration) = (created(scenario), files(scenario));
    let output = scenario.succeed(&["restore", filled.path(), "--overwrite", "--output", "json"]);
    output.says("alerts.yml differs from the backup and is kept");
    assert_eq!(output.json()["kept"].as_array().map(Vec::len), Some(1), "{}", output.stdout);
    assert_ne!(self::created(scenario), created);
    assert_eq!(files(scenario), configuration);
}

#[test]
fn restore_of_missing_file_fails() {
    scenario("absent").run(&["restore", "/absent/file"]).exits(1).says("/absent/file");
}

/// Returns the creation time of each data volume.
fn created(scenario: &Scenario) -> Vec<String> {
    volumes(scenario)
        .iter()
        .map(|name| docker(&["volume", "inspect", "--format", "{{.CreatedAt}}", name]))
        .collect()
}

#[test]
fn interrupted_backup_and_restore_leave_no_partial_result() {
    let filled = Filled::new("interrupted");
    let scenario = &filled.scenario;
    // Large enough that reading it takes a while.
    let container = scenario.container("prometheus");
    docker(&["exec", &container, "sh", "-c", "dd if=/dev/urandom of=/prometheus/ballast bs=1M count=64"]);
    let (ids, started) = (scenario.ids(), scenario.started());
    let running = scenario.spawn(&["backup", filled.path()]);
    let state = || text(&scenario.inspect("prometheus")["State"]["Status"]);
    eventually("Prometheus pauses", state, |state| state == "exited");
    running.signal("INT");
    let output = running.finish();
    output.exits(130).says("prometheus is ready again").does_not_say("stopping grafana");
    assert_eq!(scenario.ids(), ids);
    assert_ne!(scenario.started()[0], started[0]);
    assert_eq!(scenario.started()[1..], started[1..]);
    assert_eq!(scenario.objects("container").len(), 4, "a helper container remains");
    assert!(!filled.file.exists());
    assert_eq!(hidden(scenario.folder()), [""; 0]);
    scenario.is_converged();

    // An interrupted restore leaves no volume.
    scenario.succeed(&["backup", filled.path()]);
    scenario.succeed(&["down", "--volumes"]);
    let running = scenario.spawn(&["restore", filled.path()]);
    eventually("a volume exists", || scenario.objects("volume"), |volumes| !volumes.is_empty());
    running.signal("TERM");
    running.finish().exits(130);
    assert_eq!(scenario.objects("volume"), [""; 0]);
    assert_eq!(scenario.objects("container"), [""; 0]);
}

#[test]
fn up_cleans_up_after_a_killed_backup() {
    let scenario = scenario("killed");
    scenario.succeed(&["up"]);
    let ballast = "dd if=/dev/urandom of=/prometheus/ballast bs=1M count=48";
    docker(&["exec", &scenario.container("prometheus"), "sh", "-c", ballast]);
    let ids = scenario.ids();
    let file = scenario.folder().join("stack.backup");
    let running = scenario.spawn(&["backup", file.to_str().expect("it is UTF-8")]);
    let state = || text(&scenario.inspect("prometheus")["State"]["Status"]);
    eventually("Prometheus pauses", state, |state| state == "exited");
    running.signal("KILL");
    drop(running);
    assert_eq!(scenario.objects("container").len(), 6, "the lock and the helper container remain");
    scenario.succeed(&["up"]);
    assert_eq!(scenario.objects("container").len(), 4);
    assert_eq!(scenario.ids(), ids);
    scenario.is_converged();
    assert!(!file.exists());
}

#[test]
fn full_disk_leaves_no_backup_and_running_stack() {
    let filled = Filled::new("full");
    let scenario = &filled.scenario;
    let container = scenario.container("prometheus");
    docker(&["exec", &container, "sh", "-c", "dd if=/dev/urandom of=/prometheus/ballast bs=1M count=40"]);
    let small = SmallDisk::new(scenario);
    let target = small.path().join("stack.backup");
    let output = scenario.run(&["backup", target.to_str().expect("it is UTF-8")]);
    output.exits(4).says("No space left on device").says("free some space").says("prometheus is ready again");
    assert_eq!(std::fs::read_dir(small.path()).expect("it is readable").count(), 0);
    assert_eq!(scenario.objects("container").len(), 4);
    scenario.is_converged();
}

/// A file system of 16 MiB that is unmounted on drop.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(scenario: &Scenario) -> Self {
        let path = scenario.folder().join("small");
        std::fs::create_dir(&path).expect("it can be created");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(&path)
            .status();
        assert!(mounted.is_ok_and(|status| status.success()), "a small file system cannot be mounted");
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg(&self.0).status());
    }
}

/// Asserts that a backup of a missing stack fails at once, without waiting for services.
#[test]
fn backup_of_missing_stack_fails_at_once() {
    let scenario = scenario("nothing");
    let file = scenario.folder().join("stack.backup");
    let began = std::time::Instant::now();
    scenario.run(&["backup", file.to_str().expect("it is UTF-8")]).exits(1).says("no data volume");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(!file.exists());
}
