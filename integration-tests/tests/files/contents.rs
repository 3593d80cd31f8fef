//! Invalid contents in every file that a user may edit.

use std::fs;
use std::time::{Duration, Instant};

use integration_tests::program;
use integration_tests::scene::Scene;

use super::{listing, print_row, within};

/// Files that are delivered to a service.
const DELIVERED: [&str; 4] = ["prometheus.yml", "recording_rules.yml", "alerts.yml", "alertmanager.yml"];
const DASHBOARD: &str = "grafana_dashboards.json";
/// Files that are only written, for the user's application and for compose.
const COMPANIONS: [&str; 3] = ["logging_config.yaml", "observability.py", "docker-compose.monitoring.yml"];

/// A faulty content: its name, the content, and the line and words of the message.
struct Case {
    name: &'static str,
    content: Vec<u8>,
    line: Option<u64>,
    words: &'static str,
}

fn case(
    name: &'static str,
    content: impl Into<Vec<u8>>,
    line: impl Into<Option<u64>>,
    words: &'static str,
) -> Case {
    Case { name, content: content.into(), line: line.into(), words }
}

/// Returns a kilobyte of YAML whose aliases expand to gigabytes.
fn laughs() -> String {
    let line = |number: u32| {
        format!("a{number}: &a{number} [{}]\n", vec![format!("*a{}", number - 1); 10].join(", "))
    };
    std::iter::once("a0: &a0 lol\n".to_string()).chain((1..20).map(line)).collect()
}

/// Returns contents that no reader accepts.
fn unreadable() -> Vec<Case> {
    vec![
        case("enormous", "# 11 bytes\n".repeat(1_000_000), None, "it is longer than 2 MiB, the limit"),
        case("no UTF-8", b"a: 1\nb: \xff\n".as_slice(), 2, "the byte 0xff is not UTF-8"),
        case("UTF-16", b"\xff\xfea\0:\0".as_slice(), 1, "the byte 0xff is not UTF-8"),
    ]
}

fn yaml() -> Vec<Case> {
    let mut cases = vec![
        case("empty", "", None, "the file is empty"),
        case("comments only", "# nothing\n", None, "the file is empty"),
        case("broken", "groups: [\n", 2, "while parsing a flow node"),
        case("cyclic", "groups: &g [*g]\n", 1, "an alias contains itself"),
        case("laughs", laughs(), None, "aliases expand to too much text"),
        case(
            "quadratic",
            format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(200_000), "*a,".repeat(200_000)),
            None,
            "aliases expand to too much text",
        ),
        case("several documents", "groups: []\n---\ngroups: []\n", 2, "a second document begins here"),
        case("tabs", "groups:\n\t- name: a\n", 2, "found character that cannot start any token"),
        case("duplicate keys", "groups: []\ngroups: []\n", 2, "duplicate key `groups`"),
        case("deep", "[".repeat(1_000_000), 1, "too deeply nested"),
        case("NUL", "groups: \0\n", 1, "control characters are not allowed"),
    ];
    cases.extend(unreadable());
    cases
}

/// Returns the cases of a file; the one that takes seconds without optimisation is tried on one file only.
fn yaml_for(file: &str) -> Vec<Case> {
    yaml().into_iter().filter(|case| case.name != "quadratic" || file == "alerts.yml").collect()
}

fn json() -> Vec<Case> {
    let mut cases = vec![
        case("empty", "", None, "the file is empty"),
        case("broken", "{\n\"a\": oops", 2, "invalid JSON"),
        case("duplicate keys", "{\"title\": \"a\",\n\"title\": \"b\"}", 2, "duplicate key `title`"),
        case("deep", "[".repeat(1_000_000), 1, "recursion limit exceeded"),
        case("byte order mark", "\u{feff}{}", 1, "byte order mark"),
    ];
    cases.extend(unreadable());
    cases
}

/// Asserts that the program rejects a content within seconds and with less memory than the expanded content needs.
#[track_caller]
fn refused<const N: usize>(scene: &Scene, arguments: [&str; N], file: &str, case: &Case, code: i32) {
    let began = Instant::now();
    let output = within(scene, "ulimit -v 1000000; exec \"$@\"", arguments).run();
    let place = case.line.map(|line| format!(":{line}: "));
    let reported = format!("{file}{}", place.unwrap_or_else(|| ": ".into()));
    print_row(&format!("{}, {file}: {}", arguments[0], case.name), &output);
    output.exits(code).says(&reported).says(case.words);
    if code == 1 {
        output.says(
            "nothing was changed; fix the files, or restore the shipped ones with `tdd-stack init --force`",
        );
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{}: {:?}", case.name, began.elapsed());
}

#[test]
fn invalid_delivered_file_is_rejected_before_any_change() {
    let scene = Scene::after_up(program!());
    for file in DELIVERED {
        let shipped = scene.read(file);
        for case in yaml_for(file) {
            fs::write(scene.file(file), &case.content).expect("it is writable");
            let before = listing(&scene.folder().join("config/monitoring"));
            refused(&scene, ["up"], file, &case, 1);
            refused(&scene, ["plan"], file, &case, 1);
            assert_eq!(scene.engine.changes(), [""; 0], "{file}: {}", case.name);
            assert!(
                listing(&scene.folder().join("config/monitoring")) == before,
                "{file}: {}: files changed",
                case.name
            );
        }
        scene.edit(file, &shipped);
    }
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn check_reports_invalid_files_without_a_container() {
    let scene = Scene::after_up(program!());
    for file in DELIVERED.into_iter().chain(["alerts_test.yml"]) {
        let shipped = scene.read(file);
        for case in yaml_for(file) {
            fs::write(scene.file(file), &case.content).expect("it is writable");
            refused(&scene, ["check"], file, &case, 1);
        }
        scene.edit(file, &shipped);
    }
    assert_eq!(scene.engine.containers().len(), 4, "a check left its container");
    scene.run(["check"]).exits(0);
}

#[test]
fn invalid_dashboard_is_rejected_before_any_change() {
    let scene = Scene::after_up(program!());
    for case in json() {
        fs::write(scene.file(DASHBOARD), &case.content).expect("it is writable");
        refused(&scene, ["up"], DASHBOARD, &case, 1);
        assert_eq!(scene.engine.changes(), [""; 0], "{}", case.name);
        refused(&scene, ["check"], DASHBOARD, &case, 1);
        scene.engine.forget();
    }
}

#[test]
fn readable_companion_file_is_never_changed() {
    let scene = Scene::after_up(program!());
    for file in COMPANIONS {
        let shipped = scene.read(file);
        for case in yaml_for(file) {
            fs::write(scene.file(file), &case.content).expect("it is writable");
            if unreadable().iter().any(|other| other.name == case.name) {
                refused(&scene, ["up"], file, &case, 1);
            } else {
                within(&scene, "ulimit -v 1000000; exec \"$@\"", ["up"]).run().exits(0);
            }
            assert!(fs::read(scene.file(file)).expect("it exists") == case.content, "{file} was changed");
            assert_eq!(scene.engine.changes(), [""; 0], "{file}: {}", case.name);
        }
        scene.edit(file, &shipped);
    }
}

#[test]
fn invalid_settings_are_rejected_before_any_engine_call() {
    let scene = Scene::new(program!());
    for case in yaml().into_iter().filter(|case| !case.words.contains("is empty")) {
        fs::write(scene.folder().join("tdd-stack.yaml"), &case.content).expect("it is writable");
        refused(&scene, ["up"], "tdd-stack.yaml", &case, 2);
        assert_eq!(scene.engine.requests(), [""; 0]);
        assert!(!scene.folder().join("config").exists(), "files were written");
    }
}

#[test]
fn empty_settings_and_editor_artifacts_are_accepted() {
    let scene = Scene::new(program!());
    for text in ["", "# nothing\n", "\u{feff}stack: odd\r\n", "---\nstack: odd\n...\n"] {
        scene.settings(text);
        let plan = scene.run(["plan", "--output", "json"]);
        let stack = if text.contains("odd") { "odd" } else { "tdd" };
        assert_eq!(plan.exits(0).json()["stack"], stack, "{text:?}");
    }
}

#[test]
fn byte_order_mark_and_crlf_are_applied_unchanged() {
    let scene = Scene::after_up(program!());
    for (file, change) in
        [("alerts.yml", true), ("prometheus.yml", true), ("alertmanager.yml", true), ("alerts.yml", false)]
    {
        let text = scene.read(file);
        let changed = if change { format!("\u{feff}{text}") } else { text.replace('\n', "\r\n") };
        scene.edit(file, &changed);
        scene.run(["up"]).exits(0).does_not_say("fault");
        let service = if file == "alertmanager.yml" { "alertmanager" } else { "prometheus" };
        assert!(scene.engine.loaded(&format!("tdd-{service}"))[file] == changed, "{file} was not applied");
    }
}

#[test]
fn init_force_replaces_unreadable_content_with_backup() {
    let scene = Scene::new(program!());
    scene.run(["init"]).exits(0);
    let shipped = scene.read("alerts.yml");
    for case in unreadable() {
        fs::write(scene.file("alerts.yml"), &case.content).expect("it can be written");
        assert!(scene.run(["init"]).exits(0).stdout.contains("is kept"), "{}", case.name);
        let output = scene.run(["init", "--force"]);
        let stdout = &output.exits(0).stdout;
        let backup = stdout.split("your version is ").nth(1).and_then(|rest| rest.lines().next());
        let kept = fs::read(backup.expect("a backup is named")).expect("it is there");
        assert!(kept == case.content, "{}: the backup differs", case.name);
        assert!(scene.read("alerts.yml") == shipped);
    }
}

#[test]
fn down_succeeds_with_invalid_files() {
    let scene = Scene::after_up(program!());
    for (file, case) in DELIVERED.into_iter().zip(yaml()) {
        fs::write(scene.file(file), &case.content).expect("it is writable");
    }
    scene.run(["down"]).exits(0);
    assert!(scene.engine.containers().is_empty());
}
