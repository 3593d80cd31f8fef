//! Symbolic links, devices and pipes in place of files: regular targets are read, nothing is written through them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use integration_tests::program;
use integration_tests::scene::Scene;
use tdd_stack::model::stack::sha256;

use super::{listing, print_row};

/// Replaces a file by a symbolic link.
fn link(scene: &Scene, name: &str, target: &Path) {
    // The file may be missing already.
    drop(fs::remove_file(scene.file(name)));
    symlink(target, scene.file(name)).expect("a link can be created");
}

#[test]
fn link_target_counts_as_edited_file_and_stays() {
    for outside in [true, false] {
        let scene = Scene::after_up(program!());
        let target = if outside { scene.folder().join("mine.yml") } else { scene.file("mine.yml") };
        fs::write(&target, "groups: [] # mine\n").expect("it is writable");
        link(&scene, "alerts.yml", &target);
        scene.run(["up"]).exits(0);
        assert_eq!(scene.engine.loaded("tdd-prometheus")["alerts.yml"], "groups: [] # mine\n");
        assert!(scene.file("alerts.yml").is_symlink());
        assert!(scene.run(["init"]).exits(0).stdout.contains("is kept"));
        let output = scene.run(["init", "--force"]);
        output
            .exits(4)
            .says("cannot write `")
            .says("alerts.yml`")
            .says("which is neither written through nor replaced");
        output
            .says(&format!("a symbolic link to `{}`", target.display()))
            .says("replace it with a regular file or folder");
        assert!(scene.file("alerts.yml").is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("it exists"), "groups: [] # mine\n");
    }
}

#[test]
fn link_to_an_older_file_is_not_replaced() {
    let scene = Scene::after_up(program!());
    // A file of an older version that was moved and linked to.
    let older = "groups: [] # older\n";
    let hash = sha256(older.as_bytes());
    let list = scene.read(".tdd-stack.sha256");
    let lines: Vec<String> = list
        .lines()
        .map(|line| {
            if line.ends_with("  alerts.yml") { format!("{hash}  alerts.yml\n") } else { format!("{line}\n") }
        })
        .collect();
    scene.edit(".tdd-stack.sha256", &lines.concat());
    scene.edit("alerts.yml", older);
    assert!(scene.run(["plan"]).exits(0).stdout.contains("alerts.yml"), "the older file must be replaced");
    let target = scene.folder().join("elsewhere.yml");
    fs::write(&target, older).expect("it is writable");
    link(&scene, "alerts.yml", &target);
    scene.run(["up"]).exits(0);
    assert!(scene.file("alerts.yml").is_symlink());
    assert_eq!(fs::read_to_string(&target).expect("it exists"), older);
}

#[test]
fn invalid_link_target_is_reported_before_any_change() {
    let scene = Scene::after_up(program!());
    let shipped = scene.read("alerts.yml");
    for (target, words) in [
        ("nowhere.yml", "it is a symbolic link to `nowhere.yml`, which does not exist"),
        ("alerts.yml", "it is a symbolic link to `alerts.yml`, which leads back to itself"),
        ("/dev/zero", "it is a symbolic link to `/dev/zero`, and that is a device"),
        ("/", "and that is a folder"),
    ] {
        link(&scene, "alerts.yml", Path::new(target));
        for arguments in [["up"], ["plan"], ["check"], ["init"], ["status"]] {
            let output = scene.run(arguments);
            print_row(&format!("{}, alerts.yml: a link to {target}", arguments[0]), &output);
            output.exits(4).says("alerts.yml`").says(words).says("replace it with a regular file or folder");
        }
        assert!(scene.file("alerts.yml").is_symlink());
        fs::remove_file(scene.file("alerts.yml")).expect("it exists");
    }
    assert!(
        !scene.engine.changes().iter().any(|change| change.contains("tdd-")),
        "{:?}",
        scene.engine.changes()
    );
    scene.edit("alerts.yml", &shipped);
    scene.run(["up"]).exits(0);
}

#[test]
fn pipe_or_device_is_reported_without_reading() {
    let scene = Scene::after_up(program!());
    for name in ["alerts.yml", "grafana_dashboards.json", "logging_config.yaml", ".tdd-stack.sha256"] {
        let before = fs::read(scene.file(name)).expect("it exists");
        fs::remove_file(scene.file(name)).expect("it exists");
        let made = Command::new("mkfifo").arg(scene.file(name)).status();
        assert!(made.is_ok_and(|status| status.success()), "the pipe cannot be created");
        let output = scene.run(["up"]);
        print_row(&format!("up, {name}: a pipe"), &output);
        output.exits(4).says(&format!("{name}`")).says("it is a named pipe");
        fs::remove_file(scene.file(name)).expect("it exists");
        fs::write(scene.file(name), before).expect("it is writable");
    }
    let settings = scene.folder().join("tdd-stack.yaml");
    symlink("/dev/zero", &settings).expect("a link can be created");
    scene.run(["up"]).exits(4).says("tdd-stack.yaml`").says("that is a device");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn link_to_endless_file_is_read_to_the_limit() {
    let scene = Scene::after_up(program!());
    // Its size is 0 in the file system, but reading it returns data.
    link(&scene, "alerts.yml", Path::new("/proc/kallsyms"));
    scene.run(["up"]).exits(1).says("alerts.yml").says("it is longer than 2 MiB");
}

#[test]
fn configuration_folder_may_be_a_link() {
    let scene = Scene::with_images(program!());
    let elsewhere = scene.folder().join("elsewhere");
    fs::create_dir(&elsewhere).expect("it can be created");
    symlink(&elsewhere, scene.folder().join("config")).expect("a link can be created");
    scene.run(["up"]).exits(0);
    assert!(scene.folder().join("config").is_symlink());
    assert!(elsewhere.join("monitoring/alerts.yml").is_file());
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn dangling_folder_link_is_reported() {
    let scene = Scene::new(program!());
    symlink("nowhere", scene.folder().join("config")).expect("a link can be created");
    let output = scene.run(["init"]);
    output.exits(4).says("/config`").says("it is a symbolic link to `nowhere`, which does not exist");
    assert!(scene.folder().join("config").is_symlink());
}

#[test]
fn backup_is_not_written_through_a_link() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let outside = scene.folder().join("outside");
    link(&scene, "alerts.yml.bak-1", &outside);
    scene.edit("alerts.yml", "groups: []\n");
    assert!(scene.run(["init", "--force"]).exits(0).stdout.contains("alerts.yml.bak-2"));
    assert!(!outside.exists(), "the backup was written through a link");
    assert_eq!(scene.read("alerts.yml.bak-2"), "groups: []\n");
}

#[test]
fn checksum_list_is_not_written_through_a_link() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let outside = scene.folder().join("outside");
    fs::write(&outside, "mine\n").expect("it is writable");
    link(&scene, ".tdd-stack.sha256", &outside);
    fs::remove_file(scene.file("README.md")).expect("it exists");
    let before = listing(&scene.folder().join("config/monitoring"));
    scene.run(["init"]).exits(4).says(".tdd-stack.sha256`").says("neither written through nor replaced");
    assert_eq!(fs::read_to_string(&outside).expect("it exists"), "mine\n");
    assert!(listing(&scene.folder().join("config/monitoring")) == before, "files changed");
}
