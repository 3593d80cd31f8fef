//! Symbolic links, devices and pipes in the place of files: read where that can end, never written.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use integration_tests::program;
use integration_tests::scene::Scene;
use tdd_stack::model::stack::sha256;

use super::{listing, tell};

/// Puts a link into the place of a file.
fn link(scene: &Scene, name: &str, target: &Path) {
    // A file that is not there need not go.
    drop(fs::remove_file(scene.file(name)));
    symlink(target, scene.file(name)).expect("a link can be made");
}

#[test]
fn what_a_link_leads_to_is_the_users_file_and_the_link_stays() {
    for outside in [true, false] {
        let scene = Scene::after_up(program!());
        let target = if outside { scene.folder().join("mine.yml") } else { scene.file("mine.yml") };
        fs::write(&target, "groups: [] # mine\n").expect("it can be written");
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
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "groups: [] # mine\n");
    }
}

#[test]
fn a_link_to_what_this_program_wrote_is_not_replaced_by_a_newer_version() {
    let scene = Scene::after_up(program!());
    // What an older version wrote, moved elsewhere and linked to.
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
    assert!(
        scene.run(["plan"]).exits(0).stdout.contains("alerts.yml"),
        "a newer version is written over an older one"
    );
    let target = scene.folder().join("elsewhere.yml");
    fs::write(&target, older).expect("it can be written");
    link(&scene, "alerts.yml", &target);
    scene.run(["up"]).exits(0);
    assert!(scene.file("alerts.yml").is_symlink());
    assert_eq!(fs::read_to_string(&target).expect("it is there"), older);
}

#[test]
fn a_link_that_leads_to_no_file_is_told_and_nothing_is_done() {
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
            tell(&format!("{}, alerts.yml: a link to {target}", arguments[0]), &output);
            output.exits(4).says("alerts.yml`").says(words).says("replace it with a regular file or folder");
        }
        assert!(scene.file("alerts.yml").is_symlink());
        fs::remove_file(scene.file("alerts.yml")).expect("it is there");
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
fn a_pipe_is_not_waited_for() {
    let scene = Scene::after_up(program!());
    for name in ["alerts.yml", "grafana_dashboards.json", "logging_config.yaml", ".tdd-stack.sha256"] {
        let before = fs::read(scene.file(name)).expect("it is there");
        fs::remove_file(scene.file(name)).expect("it is there");
        let made = Command::new("mkfifo").arg(scene.file(name)).status();
        assert!(made.is_ok_and(|status| status.success()), "no pipe can be made");
        let output = scene.run(["up"]);
        tell(&format!("up, {name}: a pipe"), &output);
        output.exits(4).says(&format!("{name}`")).says("it is a named pipe");
        fs::remove_file(scene.file(name)).expect("it is there");
        fs::write(scene.file(name), before).expect("it can be written");
    }
    let settings = scene.folder().join("tdd-stack.yaml");
    symlink("/dev/zero", &settings).expect("a link can be made");
    scene.run(["up"]).exits(4).says("tdd-stack.yaml`").says("that is a device");
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn a_link_to_an_endless_file_is_read_up_to_the_limit() {
    let scene = Scene::after_up(program!());
    // It says that it is empty, and is not.
    link(&scene, "alerts.yml", Path::new("/proc/kallsyms"));
    scene.run(["up"]).exits(1).says("alerts.yml").says("it is longer than 2 MiB");
}

#[test]
fn the_folder_itself_may_be_a_link() {
    let scene = Scene::with_images(program!());
    let elsewhere = scene.folder().join("elsewhere");
    fs::create_dir(&elsewhere).expect("it can be made");
    symlink(&elsewhere, scene.folder().join("config")).expect("a link can be made");
    scene.run(["up"]).exits(0);
    assert!(scene.folder().join("config").is_symlink());
    assert!(elsewhere.join("monitoring/alerts.yml").is_file());
    scene.engine.forget();
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn a_folder_that_is_a_link_to_nowhere_is_named() {
    let scene = Scene::new(program!());
    symlink("nowhere", scene.folder().join("config")).expect("a link can be made");
    let output = scene.run(["init"]);
    output.exits(4).says("/config`").says("it is a symbolic link to `nowhere`, which does not exist");
    assert!(scene.folder().join("config").is_symlink());
}

#[test]
fn a_backup_does_not_go_through_a_link() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let outside = scene.folder().join("outside");
    link(&scene, "alerts.yml.bak-1", &outside);
    scene.edit("alerts.yml", "groups: []\n");
    assert!(scene.run(["init", "--force"]).exits(0).stdout.contains("alerts.yml.bak-2"));
    assert!(!outside.exists(), "the backup went through a link");
    assert_eq!(scene.read("alerts.yml.bak-2"), "groups: []\n");
}

#[test]
fn the_list_of_hashes_is_not_written_through_a_link() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let outside = scene.folder().join("outside");
    fs::write(&outside, "mine\n").expect("it can be written");
    link(&scene, ".tdd-stack.sha256", &outside);
    fs::remove_file(scene.file("README.md")).expect("it is there");
    let before = listing(&scene.folder().join("config/monitoring"));
    scene.run(["init"]).exits(4).says(".tdd-stack.sha256`").says("neither written through nor replaced");
    assert_eq!(fs::read_to_string(&outside).expect("it is there"), "mine\n");
    assert!(listing(&scene.folder().join("config/monitoring")) == before, "files changed");
}
