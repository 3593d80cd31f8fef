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

/// Asserts that every file is as it is shipped, that the list tells so, and that nothing else is left.
#[track_caller]
fn is_whole(scene: &Scene, shipped: &Scene) {
    let folder = scene.folder().join("config/monitoring");
    let is_backup = |name: &String| name.contains(".bak-");
    let mut found = listing(&folder);
    found.retain(|name, _| !is_backup(name));
    assert!(found == listing(&shipped.folder().join("config/monitoring")), "{:?}", found.keys());
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", ".tdd-stack.sha256"])
        .current_dir(folder)
        .output();
    assert!(checked.is_ok_and(|output| output.status.success()), "the list of hashes is wrong");
}

fn shipped() -> Scene {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    scene
}

#[test]
fn processes_that_write_at_once_leave_whole_files_and_a_whole_list() {
    let shipped = shipped();
    for _ in 0..5 {
        let scene = Scene::new(program!());
        let running: Vec<_> = (0..8).map(|_| scene.tdd_stack(["init"]).spawn()).collect();
        for run in running {
            run.finish().exits(0);
        }
        is_whole(&scene, &shipped);
    }
}

#[test]
fn processes_that_replace_at_once_keep_what_the_user_wrote() {
    let shipped = shipped();
    for _ in 0..5 {
        let scene = Scene::new(program!());
        scene.run(["init"]).exits(0);
        scene.edit("alerts.yml", "groups: [] # mine\n");
        let running: Vec<_> = (0..6).map(|_| scene.tdd_stack(["init", "--force"]).spawn()).collect();
        for run in running {
            run.finish().exits(0);
        }
        is_whole(&scene, &shipped);
        let backups: BTreeSet<String> = listing(&scene.folder().join("config/monitoring"))
            .into_iter()
            .filter(|(name, _)| name.contains(".bak-"))
            .map(|(_, content)| String::from_utf8_lossy(&content).into_owned())
            .collect();
        assert!(backups.contains("groups: [] # mine\n"), "the user's version is lost");
    }
}

#[test]
fn a_process_that_was_stopped_while_it_wrote_is_not_waited_for_without_end() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    fs::remove_file(scene.file("README.md")).expect("it is there");
    let folder = fs::File::open(scene.folder().join("config/monitoring")).expect("it can be opened");
    folder.lock().expect("nobody else writes");
    scene.run(["init"]).exits(4).says("cannot lock `").says("another process has been writing there for 5 s");
    folder.unlock().expect("it is ours");
    scene.run(["init"]).exits(0);
}

/// A machine on which `up` must write a file, which another process keeps it from doing for as long as it holds this.
fn hindered() -> (Scene, fs::File) {
    let scene = Scene::with_images(program!());
    scene.run(["init"]).exits(0);
    fs::remove_file(scene.file("README.md")).expect("it is there");
    let folder = fs::File::open(scene.folder().join("config/monitoring")).expect("it can be opened");
    folder.lock().expect("nobody else writes");
    (scene, folder)
}

#[test]
fn an_interrupt_ends_the_wait_for_another_process_that_writes() {
    let (scene, _folder) = hindered();
    let up = scene.tdd_stack(["up"]).spawn();
    // The file is written beside it.
    scene.engine.await_request("POST /networks/create");
    let began = Instant::now();
    up.signal("INT");
    up.finish().exits(130).says("error: interrupted");
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for the other process first");
}

#[test]
fn what_failed_first_is_the_error_whatever_its_place_in_the_plan() {
    let (scene, _folder) = hindered();
    // The file's step comes first, and fails 5 seconds later.
    scene.engine.fail(Fault::Fails("POST /networks/create"));
    let output = scene.run(["up", "--progress", "json"]);
    output.exits(1).says("error: cannot create network").says("cannot lock `");
}

#[test]
fn a_wait_that_ends_because_something_else_failed_is_told_as_abandoned() {
    let (scene, _folder) = hindered();
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
    assert_eq!(open, BTreeSet::new(), "what began has an end");
    assert_eq!(abandoned, ["wait-ready \"grafana\""]);
}
