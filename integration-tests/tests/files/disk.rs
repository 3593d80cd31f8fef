//! Real full, read-only and forbidden disks: each in its own mount, which ends with the program.

use std::fs;
use std::path::Path;

use integration_tests::cli::Output;
use integration_tests::program;
use integration_tests::scene::Scene;

use super::{listing, print_row, within};

/// Runs the program in a folder that is its own file system; `prepare` runs there first, and the final content is
/// copied to `after`.
fn on_own_disk<const N: usize>(scene: &Scene, size: &str, prepare: &str, arguments: [&str; N]) -> Output {
    let folder = scene.folder().display().to_string();
    let script = format!(
        "seed={folder}/seed disk={folder}/disk after={folder}/after; mkdir -p $seed $disk; rm -rf $after; \
         mount -t tmpfs -o size={size} none $disk; cp -a $seed/. $disk/; {prepare}; \
         code=0; \"$@\" || code=$?; mkdir $after; cp -a $disk/. $after/; exit $code"
    );
    // A user namespace lets other users than root mount.
    let entered = "if [ \"$(id -u)\" = 0 ]; then exec unshare --mount sh -euc \"$script\" sh \"$@\"; \
                   else exec unshare --map-root-user --mount sh -euc \"$script\" sh \"$@\"; fi";
    let disk = scene.folder().join("disk");
    within(scene, entered, arguments).env("script", script).env("TDD_STACK_DIR", disk).run()
}

/// Shell command that fills the disk.
const FILL: &str = "dd if=/dev/zero of=$disk/ballast bs=1k 2>/dev/null || true";

fn after(scene: &Scene) -> std::path::PathBuf {
    scene.folder().join("after/config/monitoring")
}

fn seeded(scene: &Scene) {
    let seed = scene.folder().join("seed");
    let run = scene.tdd_stack(["init"]).env("TDD_STACK_DIR", &seed).run();
    run.exits(0);
}

#[test]
fn full_disk_leaves_no_files() {
    let scene = Scene::new(program!());
    let output = on_own_disk(&scene, "40k", "true", ["init"]);
    print_row("init, disk full", &output);
    output
        .exits(4)
        .says("cannot write `")
        .says("No space left on device")
        .says("free some space, or choose another folder");
    assert_eq!(listing(&after(&scene)).len(), 0, "files remain");
    assert_eq!(scene.engine.requests(), [""; 0]);
}

#[test]
fn up_resumes_after_disk_was_full() {
    let scene = Scene::with_images(program!());
    let output = on_own_disk(&scene, "40k", "true", ["up"]);
    print_row("up from nothing, disk becomes full", &output);
    output.exits(4).says("No space left on device").says("free some space");
    assert_eq!(scene.engine.changes(), [""; 0]);
    // Every written file is complete and listed as this program's own.
    let written = listing(&after(&scene));
    assert!(!written.keys().any(|name| name.starts_with(".tdd-stack-")), "{:?}", written.keys());
    let seed = scene.folder().join("seed");
    let copied =
        std::process::Command::new("cp").arg("-a").arg(scene.folder().join("after/.")).arg(&seed).status();
    assert!(copied.is_ok_and(|status| status.success()));
    on_own_disk(&scene, "512k", "true", ["up"]).exits(0);
    let whole = Scene::new(program!());
    whole.run(["init"]).exits(0);
    assert!(listing(&after(&scene)) == listing(&whole.folder().join("config/monitoring")), "files differ");
}

#[test]
fn full_disk_changes_neither_stack_nor_files() {
    let scene = Scene::after_up(program!());
    seeded(&scene);
    let seed = scene.folder().join("seed/config/monitoring");
    // One file is missing and has to be written, another is edited and has to be applied.
    fs::remove_file(seed.join("README.md")).expect("it exists");
    fs::write(seed.join("alerts.yml"), "groups: []\n").expect("it is writable");
    let before = listing(&seed);
    let output = on_own_disk(&scene, "256k", FILL, ["up"]);
    print_row("up on a running stack, disk full", &output);
    output.exits(4).says("README.md`").says("No space left on device").says("free some space");
    assert_eq!(scene.engine.changes(), [""; 0]);
    assert!(listing(&after(&scene)) == before, "files changed");
}

#[test]
fn full_disk_keeps_edited_file_without_backup() {
    let scene = Scene::new(program!());
    seeded(&scene);
    let seed = scene.folder().join("seed/config/monitoring");
    fs::write(seed.join("alerts.yml"), "groups: [] # mine\n".repeat(500)).expect("it is writable");
    let before = listing(&seed);
    let output = on_own_disk(&scene, "256k", FILL, ["init", "--force"]);
    print_row("init --force, disk full", &output);
    output.exits(4).says("alerts.yml`").says("No space left on device");
    assert!(listing(&after(&scene)) == before, "files changed");
}

#[test]
fn read_only_disk_is_reported_before_any_change() {
    let scene = Scene::after_up(program!());
    seeded(&scene);
    let seed = scene.folder().join("seed/config/monitoring");
    fs::remove_file(seed.join("README.md")).expect("it exists");
    let before = listing(&seed);
    for arguments in [["init"], ["up"]] {
        let output = on_own_disk(&scene, "256k", "mount -o remount,ro $disk", arguments);
        print_row(&format!("{}, read-only file system", arguments[0]), &output);
        output.exits(4).says("Read-only file system").says("choose a writable folder with `--dir`");
        assert!(listing(&after(&scene)) == before, "files changed");
    }
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn complete_folder_may_be_read_only() {
    let scene = Scene::after_up(program!());
    seeded(&scene);
    on_own_disk(&scene, "256k", "mount -o remount,ro $disk", ["up"]).exits(0);
    on_own_disk(&scene, "256k", "mount -o remount,ro $disk", ["init"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn file_size_limit_is_reported_like_full_disk() {
    let scene = Scene::new(program!());
    // The kernel ends a program that exceeds the limit, unless the signal is ignored.
    let output = within(&scene, "trap '' XFSZ; ulimit -f 8; exec \"$@\"", ["init"]).run();
    print_row("init, RLIMIT_FSIZE", &output);
    output.exits(4).says("File too large").says("free some space");
    assert_eq!(listing(&scene.folder().join("config/monitoring")).len(), 0, "files remain");
}

/// Runs the program without root's capability to bypass permissions.
fn without_capabilities<const N: usize>(scene: &Scene, arguments: [&str; N]) -> Output {
    let script = "if [ \"$(id -u)\" != 0 ]; then exec \"$@\"; fi; \
                  exec setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search \"$@\"";
    within(scene, script, arguments).run()
}

fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("this user owns it");
}

#[test]
fn missing_permission_names_path_and_changes_nothing() {
    let scene = Scene::after_up(program!());
    let folder = scene.folder().join("config/monitoring");
    fs::remove_file(scene.file("README.md")).expect("it exists");
    let before = listing(&folder);
    allow(&folder, 0o500);
    for arguments in [["init"], ["up"]] {
        let output = without_capabilities(&scene, arguments);
        print_row(&format!("{}, no permission to write", arguments[0]), &output);
        output.exits(4).says("README.md`").says("Permission denied").says("or fix its permissions");
    }
    allow(&folder, 0o700);
    allow(&scene.file("alerts.yml"), 0o000);
    for arguments in [["init"], ["up"], ["check"], ["status"]] {
        let output = without_capabilities(&scene, arguments);
        print_row(&format!("{}, no permission to read", arguments[0]), &output);
        output.exits(4).says("cannot read `").says("alerts.yml`").says("Permission denied");
    }
    allow(&scene.file("alerts.yml"), 0o644);
    assert!(listing(&folder) == before, "files changed");
    assert!(
        !scene.engine.changes().iter().any(|change| change.contains("tdd-")),
        "{:?}",
        scene.engine.changes()
    );
    without_capabilities(&scene, ["down"]).exits(0);
}

#[test]
fn file_in_place_of_folder_is_reported() {
    for (place, named) in [("config", "config`"), ("config/monitoring", "config/monitoring`")] {
        let scene = Scene::new(program!());
        let path = scene.folder().join(place);
        fs::create_dir_all(path.parent().expect("it has a parent folder")).expect("it can be created");
        fs::write(&path, "in the way").expect("it is writable");
        for arguments in [["init"], ["up"], ["check"]] {
            let output = scene.run(arguments);
            print_row(&format!("{}, a file at {place}", arguments[0]), &output);
            output.exits(4).says(&format!("cannot use as folder `{}", scene.folder().display())).says(named);
            output.says("it is not a folder").says("replace it with a regular file or folder");
        }
        assert_eq!(fs::read(&path).expect("it exists"), b"in the way");
        assert!(scene.engine.containers().is_empty());
    }
}

#[test]
fn folder_in_place_of_file_is_reported() {
    for name in ["alerts.yml", "README.md", ".tdd-stack.sha256"] {
        let scene = Scene::after_up(program!());
        fs::remove_file(scene.file(name)).expect("it exists");
        fs::create_dir(scene.file(name)).expect("it can be created");
        for arguments in [["init"], ["up"]] {
            let output = scene.run(arguments);
            print_row(&format!("{}, a folder at {name}", arguments[0]), &output);
            output
                .exits(4)
                .says(&format!("{name}`"))
                .says("it is a folder")
                .says("replace it with a regular file or folder");
        }
        assert!(scene.file(name).is_dir());
        assert_eq!(scene.engine.changes(), [""; 0]);
    }
    let scene = Scene::new(program!());
    fs::create_dir(scene.folder().join("tdd-stack.yaml")).expect("it can be created");
    scene.run(["up"]).exits(4).says("tdd-stack.yaml`").says("it is a folder");
}
