//! Backups that are refused, fail or are cut off: nothing is changed, or the stack runs again and no file is left.

use std::path::{Path, PathBuf};
use std::time::Duration;

use integration_tests::cli::Output;
use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, text};

use super::{Filled, files, hidden, look, volumes};
use crate::scenario;

/// A command that must be refused, and what is special about it.
struct Refused<'a> {
    case: &'a str,
    arguments: Vec<&'a str>,
    code: i32,
    says: &'a [&'a str],
}

impl Refused<'_> {
    /// Asserts that the command is refused, with a hint.
    fn check(&self, scenario: &Scenario) {
        let Output { code, stderr, .. } = scenario.run(&self.arguments);
        assert_eq!(code, self.code, "{}: {stderr}", self.case);
        for words in self.says.iter().chain(&["hint: "]) {
            assert!(stderr.contains(words), "{}: {words:?} is missing: {stderr}", self.case);
        }
    }
}

/// Returns backups with one fault each, by what it is.
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
            .map(|(lost, kept)| (format!("{lost} is cut off"), good[..kept].to_vec()));
    flipped.into_iter().chain(cut).collect()
}

#[test]
fn what_is_in_the_way_or_damaged_is_refused_and_nothing_is_changed() {
    let filled = Filled::new("refused");
    let scenario = &filled.scenario;
    scenario.succeed(&["backup", filled.path()]);
    let good = std::fs::read(&filled.file).expect("it can be read");
    while_the_stack_runs(&filled, &good);
    scenario.succeed(&["down"]);
    where_data_was_kept(&filled, &good);
    an_edited_file_stays(&filled);
    scenario.succeed(&["up"]);
    assert_eq!(look(scenario, filled.at, http::ADMIN), filled.data);
}

/// No file is replaced, no folder is made, and nothing is restored into a stack that runs.
fn while_the_stack_runs(filled: &Filled, good: &[u8]) {
    let scenario = &filled.scenario;
    let ids = scenario.ids();
    let nowhere = scenario.folder().join("absent/x").display().to_string();
    for (case, arguments, says) in [
        ("the backup's file is there", vec!["backup", filled.path()], "stack.backup` exists"),
        ("the backup's folder is not there", vec!["backup", &nowhere], "absent/x"),
        ("the stack runs", vec!["restore", filled.path()], "-prometheus` exists"),
        ("the stack runs", vec!["restore", filled.path(), "--overwrite"], "-prometheus` exists"),
    ] {
        Refused { case, arguments, code: 4, says: &[says] }.check(scenario);
    }
    assert_eq!(std::fs::read(&filled.file).expect("it can be read"), good);
    assert_eq!(scenario.ids(), ids);
    scenario.is_converged();
}

/// Data is replaced only where that is asked for, and by a whole backup only.
fn where_data_was_kept(filled: &Filled, good: &[u8]) {
    let scenario = &filled.scenario;
    scenario.edit("alerts.yml", "severity: critical", "severity: critical # later");
    let (created, configuration) = (created(scenario), files(scenario));
    let (case, says) = ("there is data", "_prometheus_data` exists");
    Refused { case, arguments: vec!["restore", filled.path()], code: 4, says: &[says] }.check(scenario);
    let foreign = std::fs::read(scenario.file("alerts.yml")).expect("it can be read");
    let bad = scenario.folder().join("bad.backup");
    let path = bad.to_str().expect("it is text");
    for (case, bytes) in damaged(good).into_iter().chain([("it is no backup".into(), foreign)]) {
        std::fs::write(&bad, &bytes).expect("it can be written");
        for flags in [&[][..], &["--overwrite"]] {
            let arguments = [&["restore", path], flags].concat();
            let says = &["cannot restore `", "bad.backup", "hint: nothing was restored"];
            Refused { case: &case, arguments, code: 1, says }.check(scenario);
        }
    }
    assert_eq!(self::created(scenario), created);
    assert_eq!(files(scenario), configuration);
}

/// A restore that replaces data leaves a file alone that was edited since.
fn an_edited_file_stays(filled: &Filled) {
    let scenario = &filled.scenario;
    let (created, configuration) = (created(scenario), files(scenario));
    let output = scenario.succeed(&["restore", filled.path(), "--overwrite", "--output", "json"]);
    output.says("alerts.yml differs from the backup and is kept");
    assert_eq!(output.json()["kept"].as_array().map(Vec::len), Some(1), "{}", output.stdout);
    assert_ne!(self::created(scenario), created);
    assert_eq!(files(scenario), configuration);
}

#[test]
fn a_backup_that_is_not_there_cannot_be_restored() {
    scenario("absent").run(&["restore", "/absent/file"]).exits(1).says("/absent/file");
}

/// When each data volume was made.
fn created(scenario: &Scenario) -> Vec<String> {
    volumes(scenario)
        .iter()
        .map(|name| docker(&["volume", "inspect", "--format", "{{.CreatedAt}}", name]))
        .collect()
}

#[test]
fn an_interrupt_in_the_middle_leaves_the_stack_running_and_no_file() {
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
    assert_eq!(scenario.objects("container").len(), 4, "no carrier is left");
    assert!(!filled.file.exists());
    assert_eq!(hidden(scenario.folder()), [""; 0]);
    scenario.is_converged();

    // The other way round: an interrupted restore leaves no volume.
    scenario.succeed(&["backup", filled.path()]);
    scenario.succeed(&["down", "--volumes"]);
    let running = scenario.spawn(&["restore", filled.path()]);
    eventually("a volume is there", || scenario.objects("volume"), |volumes| !volumes.is_empty());
    running.signal("TERM");
    running.finish().exits(130);
    assert_eq!(scenario.objects("volume"), [""; 0]);
    assert_eq!(scenario.objects("container"), [""; 0]);
}

#[test]
fn what_a_killed_backup_leaves_is_mended_by_the_next_up() {
    let scenario = scenario("killed");
    scenario.succeed(&["up"]);
    let ballast = "dd if=/dev/urandom of=/prometheus/ballast bs=1M count=48";
    docker(&["exec", &scenario.container("prometheus"), "sh", "-c", ballast]);
    let ids = scenario.ids();
    let file = scenario.folder().join("stack.backup");
    let running = scenario.spawn(&["backup", file.to_str().expect("it is text")]);
    let state = || text(&scenario.inspect("prometheus")["State"]["Status"]);
    eventually("Prometheus pauses", state, |state| state == "exited");
    running.signal("KILL");
    drop(running);
    assert_eq!(scenario.objects("container").len(), 6, "the lock and the carrier are left behind");
    scenario.succeed(&["up"]);
    assert_eq!(scenario.objects("container").len(), 4);
    assert_eq!(scenario.ids(), ids);
    scenario.is_converged();
    assert!(!file.exists());
}

#[test]
fn a_disk_that_is_full_leaves_nothing_and_the_stack_running() {
    let filled = Filled::new("full");
    let scenario = &filled.scenario;
    let container = scenario.container("prometheus");
    docker(&["exec", &container, "sh", "-c", "dd if=/dev/urandom of=/prometheus/ballast bs=1M count=40"]);
    let small = SmallDisk::new(scenario);
    let target = small.path().join("stack.backup");
    let output = scenario.run(&["backup", target.to_str().expect("it is text")]);
    output.exits(4).says("No space left on device").says("free some space").says("prometheus is ready again");
    assert_eq!(std::fs::read_dir(small.path()).expect("it can be read").count(), 0);
    assert_eq!(scenario.objects("container").len(), 4);
    scenario.is_converged();
}

/// A file system of 16 megabytes, for as long as it is held.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(scenario: &Scenario) -> Self {
        let path = scenario.folder().join("small");
        std::fs::create_dir(&path).expect("it can be made");
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

/// Waiting is bounded here too: a backup of nothing ends at once.
#[test]
fn a_stack_that_is_not_there_has_nothing_to_back_up() {
    let scenario = scenario("nothing");
    let file = scenario.folder().join("stack.backup");
    let began = std::time::Instant::now();
    scenario.run(&["backup", file.to_str().expect("it is text")]).exits(1).says("no data volume");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(!file.exists());
}
