//! Diagnostics of failures on the fake engine: their folder, content, retention and redaction.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fake_engine::{FakeEngine, Fault};
use integration_tests::cli::Output;
use integration_tests::program;
use integration_tests::scene::Scene;
use serde_json::Value;

const PASSWORD: &str = "planted-pass-word";
const PLANTED: &str = "planted-smtp-secret";

fn run(scene: &Scene, arguments: &[&str]) -> Output {
    scene
        .tdd_stack([])
        .args(arguments)
        .env("TDD_STACK_DIAGNOSTICS", folder(scene))
        .env("TDD_STACK_GRAFANA_PASSWORD", PASSWORD)
        .run()
}

fn folder(scene: &Scene) -> PathBuf {
    scene.folder().join("diagnostics")
}

/// Returns a scene in which a service exits and the configuration contains a secret.
fn failing() -> Scene {
    let scene = Scene::with_images(program!());
    run(&scene, &["init"]).exits(0);
    let text = scene.read("alertmanager.yml");
    scene.edit("alertmanager.yml", &format!("global:\n  smtp_auth_password: {PLANTED}\n\n{text}"));
    scene.engine.fail(Fault::Dies("alertmanager"));
    scene
}

/// Returns the diagnostics folder that the message names.
#[track_caller]
fn kept(output: &Output) -> PathBuf {
    let named = output.stderr.lines().find_map(|line| line.strip_prefix("diagnostics: "));
    PathBuf::from(named.unwrap_or_else(|| panic!("no diagnostics are named: {}", output.stderr)))
}

/// Returns every file below a folder by its relative path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).expect("it is readable") {
            let path = entry.expect("it is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name =
                    path.strip_prefix(folder).expect("the path is below the folder").display().to_string();
                found.insert(name, fs::read_to_string(&path).expect("it is UTF-8"));
            }
        }
    }
    found
}

#[track_caller]
fn has_no_secret(files: &BTreeMap<String, String>) {
    for (name, text) in files {
        // The last one is `planted-pass-word` with its user in Base64, as it is sent.
        for secret in [PASSWORD, PLANTED, "YWRtaW46cGxhbnRlZC1wYXNzLXdvcmQ"] {
            assert!(!text.contains(secret), "{name} has {secret}: {text}");
        }
    }
}

#[test]
fn failed_up_leaves_complete_diagnostics() {
    let scene = failing();
    let output = run(&scene, &["up"]);
    output.exits(1).says("`alertmanager` exited with code");
    let kept = kept(&output);
    assert_eq!(kept.parent(), Some(folder(&scene).as_path()));
    let name = kept.file_name().expect("the path has a file name").to_string_lossy().into_owned();
    assert!(name.starts_with("tdd-2") && name.ends_with("Z-exited"), "{name}");
    assert_eq!(fs::metadata(&kept).expect("it exists").permissions().mode() & 0o777, 0o700);
    let files = files(&kept);
    for expected in [
        "summary.txt",
        "error.json",
        "plan.txt",
        "plan.json",
        "events.jsonl",
        "probes.txt",
        "inspect/container-tdd-alertmanager.json",
        "inspect/network-tdd-monitoring.json",
        "logs/tdd-alertmanager.log",
        "files/disk/alertmanager.yml",
        "files/delivered/tdd-alertmanager/alertmanager.yml",
    ] {
        assert!(files.contains_key(expected), "{expected} is missing: {:?}", files.keys());
    }
    let summary = &files["summary.txt"];
    for words in ["`alertmanager` exited with code", "hint: ", "verb       up", "exit code  1", "(API 1."] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    assert!(!summary.contains("incomplete"), "{summary}");
    assert!(files["files/disk/alertmanager.yml"].contains("smtp_auth_password: [removed]"));
    assert!(files["events.jsonl"].lines().any(|line| line.contains("\"event\":\"failed\"")));
    for line in files["events.jsonl"].lines() {
        let event: Value = serde_json::from_str(line).expect("each is JSON");
        assert!(event["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
    }
    let probes = &files["probes.txt"];
    assert!(probes.lines().any(|line| line.contains(" GET http://") && line.ends_with(" ms")), "{probes}");
    assert!(files["logs/tdd-alertmanager.log"].starts_with("2026-11-24T09:31:07.000000001Z "), "{files:?}");
    has_no_secret(&files);
}

#[test]
fn json_error_names_the_diagnostics_folder() {
    let scene = failing();
    let output = run(&scene, &["up", "--output", "json"]);
    let named = output.exits(1).json()["diagnostics"].as_str().map(PathBuf::from);
    assert_eq!(named, Some(kept(&output)));
}

#[test]
fn diagnostics_are_collected_before_the_rollback() {
    let scene = Scene::with_images(program!());
    run(&scene, &["up"]).exits(0);
    run(&scene, &["init"]).exits(0);
    scene.engine.fail(Fault::ImageDies("prom/node-exporter:v1.12.1"));
    let output = run(&scene, &["up", "--image", "alertmanager=prom/node-exporter:v1.12.1"]);
    output.exits(1).says("rolled back");
    let kept = kept(&output);
    assert!(kept.to_string_lossy().ends_with("-exited"), "{}", kept.display());
    let files = files(&kept);
    assert!(files["inspect/container-tdd-alertmanager.json"].contains("\"ExitCode\": 1"));
    assert!(files.contains_key("inspect/container-tdd-alertmanager-set-aside.json"), "{:?}", files.keys());
    assert!(files["summary.txt"].contains("was rolled back"), "{}", files["summary.txt"]);
    // Grafana's answer while the stack was observed, before any failure.
    let probes = &files["probes.txt"];
    assert!(probes.lines().any(|line| line.contains(" 200 ") && line.ends_with('"')), "{probes}");
}

#[test]
fn unreachable_engine_leaves_partial_diagnostics() {
    for verb in [&["up"][..], &["down"], &["drill"], &["demo", "--history", "1h"]] {
        let scene = Scene::with(FakeEngine::stopped(), program!());
        let output = run(&scene, verb);
        let files = files(&kept(output.exits(3)));
        assert!(files["summary.txt"].contains("no plan was being applied"), "{files:?}");
        assert!(
            files["summary.txt"].contains(&format!("verb       {}\n", verb[..verb.len().min(2)].join(" ")))
        );
        assert!(files["summary.txt"].contains("cannot reach the Docker Engine"), "{files:?}");
        assert!(files["summary.txt"].contains("the engine was not available"), "{files:?}");
    }
}

#[test]
fn success_and_usage_errors_leave_no_diagnostics() {
    let scene = Scene::with_images(program!());
    run(&scene, &["up"]).exits(0);
    run(&scene, &["up", "--stack", "No Name"]).exits(2);
    for (slip, code) in [
        (&["--host", "foo"][..], 2),
        (&["--host", "unix:///x", "--context", "nowhere"], 2),
        (&["--host", "ssh://box"], 3),
        (&["--context", "nowhere"], 3),
    ] {
        for verb in ["up", "down", "drill"] {
            run(&scene, &[&[verb], slip].concat()).exits(code).does_not_say("diagnostics");
        }
    }
    run(&scene, &["status", "--host", "unix:///nowhere"]).exits(3);
    run(&scene, &["down"]).exits(0);
    run(&scene, &["drill"]).exits(1).says("the stack is not up to date");
    assert!(!folder(&scene).exists());
}

#[test]
fn last_ten_diagnostics_are_kept_with_foreign_folders() {
    let scene = Scene::with(FakeEngine::stopped(), program!());
    let foreign = folder(&scene).join("a-foreign-folder");
    fs::create_dir_all(&foreign).expect("it can be created");
    fs::write(foreign.join("mine"), "mine").expect("it is writable");
    let kept: Vec<PathBuf> = (0..12).map(|_| kept(run(&scene, &["up"]).exits(3))).collect();
    let entries = fs::read_dir(folder(&scene)).expect("it exists");
    let left: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    assert_eq!(left.len(), 11, "{left:?}");
    assert!(kept[11].exists() && kept[2].exists());
    assert_eq!(fs::read_to_string(foreign.join("mine")).expect("it exists"), "mine");
}

#[test]
fn unwritable_diagnostics_folder_is_only_a_note() {
    let scene = failing();
    // Not even root can create a folder inside a file.
    fs::write(folder(&scene), "a file in the way").expect("it is writable");
    let output = run(&scene, &["up"]);
    output.exits(1).says("`alertmanager` exited with code").says("note: no diagnostics are kept: cannot ");
    output.does_not_say("\ndiagnostics: ");
}

#[test]
fn failed_engine_calls_are_listed_as_incomplete() {
    for (call, doing) in [
        ("GET /containers/json", "list containers"),
        ("GET /networks", "list networks"),
        ("GET /volumes", "list volumes"),
    ] {
        let scene = Scene::after_up(program!());
        scene.engine.fail(Fault::Fails(call));
        let output = run(&scene, &["down"]);
        output.exits(1).says(doing).says("the disk of the engine is full");
        let files = files(&kept(&output));
        let (_, missing) =
            files["summary.txt"].split_once("incomplete:").expect("the summary lists what is missing");
        assert!(missing.contains("the disk of the engine is full"), "{call}: {missing}");
        assert!(files.contains_key("files/disk/alertmanager.yml"), "{:?}", files.keys());
    }
}

#[test]
fn hanging_engine_call_ends_the_collection() {
    let scene = Scene::with_images(program!());
    scene.engine.fail(Fault::NoAnswer("GET /networks/tdd-monitoring"));
    let began = Instant::now();
    let output = run(&scene, &["up", "--require-app", "--wait-timeout", "1s"]);
    output.exits(6);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let files = files(&kept(&output));
    assert!(files["summary.txt"].contains("network `tdd-monitoring`"), "{}", files["summary.txt"]);
    assert!(files.contains_key("inspect/container-tdd-grafana.json"), "{:?}", files.keys());
}

#[test]
fn interrupt_skips_the_diagnostics() {
    let scene = Scene::with_images(program!());
    // Only diagnostics make this request.
    scene.engine.fail(Fault::NoAnswer("GET /networks/tdd-monitoring"));
    let arguments = ["up", "--require-app", "--wait-timeout", "1s"];
    let running = scene.tdd_stack(arguments).env("TDD_STACK_DIAGNOSTICS", folder(&scene)).spawn();
    scene.engine.await_request("GET /networks/tdd-monitoring");
    let began = Instant::now();
    running.signal("INT");
    running.finish().exits(6).says("note: no diagnostics are kept: interrupted");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(!folder(&scene).exists());
}

#[test]
fn support_bundle_has_diagnostics_and_replaces_nothing() {
    let scene = Scene::with_images(program!());
    run(&scene, &["up"]).exits(0);
    let path = scene.folder().join("bundle.tar.gz");
    let text = path.display().to_string();
    let output = run(&scene, &["support-bundle", &text]);
    assert!(output.exits(0).stdout.contains(&text), "{}", output.stdout);
    for words in
        ["look at it before you send it", "Content: summary.txt, plan.txt, ", "inspect/ (", "files/ ("]
    {
        assert!(output.stdout.contains(words), "{words}: {}", output.stdout);
    }
    let unpacked = scene.folder().join("unpacked");
    fs::create_dir(&unpacked).expect("it can be created");
    let status = Command::new("tar").arg("-xzf").arg(&path).arg("-C").arg(&unpacked).status();
    assert!(status.is_ok_and(|status| status.success()), "the bundle cannot be unpacked");
    let files = files(&unpacked);
    for end in ["/summary.txt", "/plan.txt", "/logs/tdd-grafana.log", "/inspect/container-tdd-grafana.json"] {
        assert!(files.keys().any(|name| name.ends_with(end)), "{end}: {:?}", files.keys());
    }
    has_no_secret(&files);
    run(&scene, &["support-bundle", &text]).exits(2).says("already exists");
}

#[test]
fn support_bundle_needs_no_engine() {
    let scene = Scene::with(FakeEngine::stopped(), program!());
    let output = scene.tdd_stack(["support-bundle", "--output", "json"]).in_folder(scene.folder()).run();
    let document = output.exits(0).json();
    let path = document["path"].as_str().expect("the path is a text");
    assert!(path.starts_with("tdd-stack-support-tdd-2") && path.ends_with("Z.tar.gz"), "{path}");
    assert!(scene.folder().join(path).exists());
    assert!(document["files"].as_array().is_some_and(|files| files.iter().any(|name| name == "summary.txt")));
}
