//! Folders and stacks with unusual names.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use integration_tests::program;
use integration_tests::scene::Scene;

#[test]
fn folder_may_have_any_name() {
    let long = "long".repeat(60);
    for name in [
        b"with spaces".as_slice(),
        b"with 'quotes\" and `ticks`",
        b"a\nnew line",
        b"\xff\xfe no text",
        b"-leading",
        b"%s {} {0} $HOME",
        b"\x1b[31mred\x1b[0m",
        "grün 漢字 \u{202e}".as_bytes(),
        long.as_bytes(),
        b"..odd..",
    ] {
        let scene = Scene::with_images(program!());
        let folder = scene.folder().join(OsStr::from_bytes(name));
        let run = |arguments: &[&str]| {
            // Joined to the flag, because a separate name with a leading dash would be parsed as a flag.
            let flag = [OsStr::new("--dir=").as_bytes(), folder.as_os_str().as_bytes()].concat();
            scene.tdd_stack([]).args([OsStr::from_bytes(&flag)]).args(arguments).run()
        };
        let document = run(&["init", "--output", "json"]).exits(0).json();
        assert!(
            document["files"][0]["path"].as_str().is_some_and(|path| path.ends_with("prometheus.yml")),
            "{document}"
        );
        let output = run(&["init"]);
        let files = document["files"].as_array().map(Vec::len);
        let unchanged = format!("ok  {} files in ", files.unwrap_or_default());
        assert!(output.exits(0).stdout.starts_with(&unchanged), "{}", output.stdout);
        assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
        run(&["up"]).exits(0);
        std::fs::write(folder.join("config/monitoring/alerts.yml"), "groups: [\n").expect("it is writable");
        let output = run(&["up", "--output", "json"]);
        assert_eq!(output.exits(1).json()["faults"][0]["line"], 2);
        let first = output.stderr.lines().next().unwrap_or_default();
        assert!(first.ends_with("while parsing a flow node"), "{first:?}");
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        }
    }
}

#[test]
fn relative_folder_may_begin_with_a_dash() {
    let scene = Scene::new(program!());
    scene.tdd_stack(["init", "--dir=-odd"]).in_folder(scene.folder()).run().exits(0);
    assert!(scene.folder().join("-odd/config/monitoring/alerts.yml").is_file());
}

#[test]
fn too_long_folder_name_is_reported() {
    let scene = Scene::new(program!());
    for name in ["x".repeat(300), "y/".repeat(3000)] {
        let folder = scene.folder().join(name).into_os_string().into_string().expect("it is UTF-8");
        scene.run(["init", "--dir", &folder]).exits(4).says("File name too long").says("--dir");
    }
}

#[test]
fn invalid_stack_name_is_rejected() {
    let scene = Scene::new(program!());
    for name in [
        "",
        " ",
        "a b",
        "A",
        "-a",
        "_a",
        "a/b",
        "../a",
        "a\nb",
        "a\u{1b}[31m",
        "ä",
        "%s",
        "a'b",
        &"a".repeat(49),
    ] {
        let flag = format!("--stack={name}");
        let output = scene.run([&flag, "up"]);
        output.exits(2);
        assert!(!output.stderr.contains('\u{1b}'), "{:?}", output.stderr);
    }
    scene.tdd_stack(["up"]).env("TDD_STACK_STACK", OsStr::from_bytes(b"a\xff")).run().exits(2);
    assert_eq!(scene.engine.requests(), [""; 0]);
}
