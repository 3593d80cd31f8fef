//! Several processes that write one folder at once.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use fake_engine::Fault;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::Value;

use super::listing;

/// Asserts that every file is as shipped, that the checksum list matches, and that no other file remains.
#[track_caller]
fn is_complete(scene: &Scene, shipped: &Scene) {
    let folder = scene.folder().join("config/monitoring");
    let is_backup = |name: &String| name.contains(".bak-");
    let mut found = listing(&folder);
    found.retain(|name, _| !is_backup(name));
    assert!(found == listing(&shipped.folder().join("config/monitoring")), "{:?}", found.keys());
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", ".tdd-stack.sha256"])
        .current_dir(folder)
        .output();
    assert!(checked.is_ok_and(|output| output.status.success()), "the checksum list is wrong");
}

fn shipped() -> Scene {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    scene
}

#[test]
fn concurrent_inits_leave_complete_files_and_list() {
    let shipped = shipped();
    for _ in 0..5 {
        let scene = Scene::new(program!());
        let running: Vec<_> = (0..8).map(|_| scene.tdd_stack(["init"]).spawn()).collect();
        for run in running {
            run.finish().exits(0);
        }
        is_complete(&scene, &shipped);
    }
}

#[test]
fn concurrent_forced_inits_keep_the_user_version() {
    let shipped = shipped();
    for _ in 0..5 {
        let scene = Scene::new(program!());
        scene.run(["init"]).exits(0);
        scene.edit("alerts.yml", "groups: [] # mine\n");
        let running: Vec<_> = (0..6).map(|_| scene.tdd_stack(["init", "--force"]).spawn()).collect();
        for run in running {
            run.finish().exits(0);
        }
        is_complete(&scene, &shipped);
        let backups: BTreeSet<String> = listing(&scene.folder().join("config/monitoring"))
            .into_iter()
            .filter(|(name, _)| name.contains(".bak-"))
            .map(|(_, content)| String::from_utf8_lossy(&content).into_owned())
            .collect();
        assert!(backups.contains("groups: [] # mine\n"), "the user's version is lost");
    }
}

#[test]
fn folder_lock_wait_times_out() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    fs::remove_file(scene.file("README.md")).expect("it exists");
    let folder = fs::File::open(scene.folder().join("config/monitoring")).expect("the folder can be opened");
    folder.lock().expect("no other process writes");
    scene.run(["init"]).exits(4).says("cannot lock `").says("another process has been writing there for 5 s");
    folder.unlock().expect("this user owns it");
    scene.run(["init"]).exits(0);
}

/// Returns a scene in which `up` must write a file and another process holds the folder's lock.
fn with_locked_folder() -> (Scene, fs::File) {
    let scene = Scene::with_images(program!());
    scene.run(["init"]).exits(0);
    fs::remove_file(scene.file("README.md")).expect("it exists");
    let folder = fs::File::open(scene.folder().join("config/monitoring")).expect("the folder can be opened");
    folder.lock().expect("no other process writes");
    (scene, folder)
}

#[test]
fn interrupt_ends_the_wait_for_the_folder_lock() {
    let (scene, _folder) = with_locked_folder();
    let up = scene.tdd_stack(["up"]).spawn();
    // The plan writes the file at the same time.
    scene.engine.await_request("POST /networks/create");
    let began = Instant::now();
    up.signal("INT");
    up.finish().exits(130).says("error: interrupted");
    assert!(began.elapsed() < Duration::from_secs(4), "the interrupt waited for the other process");
}

#[test]
fn first_failure_in_time_is_the_error() {
    let (scene, _folder) = with_locked_folder();
    // The write is planned first and fails 5 seconds later.
    scene.engine.fail(Fault::Fails("POST /networks/create"));
    let output = scene.run(["up", "--progress", "json"]);
    output.exits(1).says("error: cannot create network").says("cannot lock `");
}

#[test]
fn unfinished_wait_is_abandoned_after_another_failure() {
    let (scene, _folder) = with_locked_folder();
    scene.engine.fail(Fault::NeverReady("grafana"));
    let output = scene.run(["up", "--progress", "json"]);
    output.exits(4).says("error: cannot lock `");
    let events = output.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut abandoned = Vec::new();
    for event in events {
        let step = format!("{} {}", event["operation"].as_str().unwrap_or_default(), event["target"]);
        match event["event"].as_str() {
            Some("started") => drop(open.insert(step)),
            Some("finished" | "failed") => drop(open.remove(&step)),
            Some("abandoned") => {
                open.remove(&step);
                abandoned.push(step);
            }
            _ => {}
        }
    }
    assert_eq!(open, BTreeSet::new(), "every started operation has an end");
    assert_eq!(abandoned, ["wait-ready \"grafana\""]);
}
