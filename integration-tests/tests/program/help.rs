//! The help pages: one snapshot each, and a description of every flag.

use integration_tests::cli::TddStack;
use integration_tests::program;
use serde_json::json;

const VERBS: [&str; 16] = [
    "up",
    "status",
    "down",
    "plan",
    "init",
    "check",
    "logs",
    "demo",
    "drill",
    "alerts",
    "doctor",
    "dashboards",
    "support-bundle",
    "backup",
    "restore",
    "version",
];

/// The width of a small terminal.
const COLUMNS: usize = 80;

fn help(verb: Option<&str>) -> String {
    let run = TddStack::new(program!()).env("COLUMNS", COLUMNS.to_string());
    let output = run.args(verb).args(["--help"]).run();
    assert_eq!(output.exits(0).stderr, "");
    // The binary under test is a copy with another name.
    output.stdout.replace("tdd-stack-under-test", "tdd-stack")
}

#[test]
fn help_page_matches_its_snapshot() {
    insta::assert_snapshot!("tdd-stack", help(None));
}

#[test]
fn help_page_of_each_verb_matches_its_snapshot() {
    for verb in VERBS {
        insta::assert_snapshot!(format!("tdd-stack-{verb}"), help(Some(verb)));
    }
}

#[test]
fn every_verb_is_described_on_the_first_page() {
    let page = help(None);
    for verb in VERBS {
        let line = page.lines().find(|line| line.split_whitespace().next() == Some(verb));
        let words =
            line.unwrap_or_else(|| panic!("`{verb}` is not on the first page")).split_whitespace().count();
        assert!(words > 3, "`{verb}` has no description");
    }
}

#[test]
fn verb_pages_fit_60_lines_of_80_columns() {
    for verb in VERBS {
        let page = help(Some(verb));
        assert!(page.lines().count() <= 60, "{verb} has {} lines", page.lines().count());
        let options = page.find("Options:").expect("options are listed");
        assert!(options < page.find("Global options").expect("global options are named"), "{verb}");
    }
    for verb in VERBS.map(Some).into_iter().chain([None]) {
        let page = help(verb);
        let long = page.lines().find(|line| line.chars().count() > COLUMNS || line.ends_with(' '));
        assert_eq!(long, None, "{verb:?}");
    }
}

#[test]
fn both_help_flags_print_the_same_page() {
    for verb in [None, Some("up")] {
        let short = TddStack::new(program!()).env("COLUMNS", "80").args(verb).args(["-h"]).run();
        assert_eq!(short.exits(0).stdout.replace("tdd-stack-under-test", "tdd-stack"), help(verb));
    }
}

#[test]
fn help_hides_secrets_of_the_environment() {
    let run = TddStack::new(program!()).env("TDD_STACK_GRAFANA_PASSWORD", "a-secret").args(["--help"]);
    let output = run.run();
    assert!(!output.exits(0).stdout.contains("a-secret"), "{}", output.stdout);
}

#[test]
fn version_flag_prints_the_version() {
    let output = TddStack::new(program!()).args(["--version"]).run();
    assert_eq!(output.exits(0).stdout, format!("tdd-stack {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn version_lists_default_and_tested_images() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("tdd-stack.yaml"), "nonsense").expect("the file is writable");
    // `version` ignores invalid settings.
    let run = |arguments: &[&str]| {
        TddStack::new(program!()).in_folder(folder.path()).args(arguments).run().exits(0).clone()
    };
    let text = run(&["version"]).stdout;
    assert!(text.starts_with(&format!("tdd-stack {}\n", env!("CARGO_PKG_VERSION"))), "{text}");
    let versions = run(&["version", "--output", "json"]).json();
    assert_eq!(versions["schema"], "tdd-stack.version/1");
    let services = versions["services"].as_array().expect("it is a list");
    assert_eq!(services.len(), 4);
    for service in services {
        for key in ["service", "image", "tested"] {
            let value = service[key].as_str().expect("a text");
            assert!(text.contains(value), "`{value}` is missing: {text}");
        }
    }
}

#[test]
fn mistakes_on_the_command_line_come_with_a_hint() {
    for (arguments, words) in [
        (vec!["stauts"], "a similar subcommand exists: 'status'"),
        (vec!["up", "--dry-rum"], "a similar argument exists: '--dry-run'"),
        (vec!["up", "--pull", "sometimes"], "[possible values: missing, always, never]"),
        (vec!["up", "--wait-timeout", "soon"], "invalid value 'soon' for '--wait-timeout <TIME>'"),
        (vec!["up", "--port", "grafana"], "write it as SERVICE=VALUE"),
        (vec!["up", "--port", "grafana=0"], "use a number from 1 to 65535, or `auto`"),
        (vec!["up", "--app-host", "the moon"], "neither `host`, `network` nor an IP address"),
        (vec!["logs", "loki"], "the services are prometheus, grafana, node-exporter, alertmanager"),
        (vec!["logs", "--since", "yesterday"], "use a duration such as 10m"),
        (vec![], "Usage: "),
    ] {
        let output = TddStack::new(program!()).args(&arguments).run();
        output.exits(2).says(words);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

#[test]
fn words_of_other_programs_lead_to_the_right_verb() {
    for (arguments, words) in [
        (vec!["ps"], "hint: `tdd-stack status` shows the services"),
        (vec!["ls"], "hint: `tdd-stack status` shows the services"),
        (vec!["--stack", "a", "start"], "hint: `tdd-stack up` starts services"),
        (vec!["restart"], "hint: `tdd-stack up` starts services"),
        (vec!["stop"], "hint: `tdd-stack down` removes the stack, but keeps its data"),
        (vec!["rm", "-f"], "hint: `tdd-stack down` removes the stack, but keeps its data"),
        (vec!["log"], "hint: `tdd-stack logs` shows the logs"),
        (vec!["up", "-d"], "hint: `tdd-stack up` always runs in the background; omit the flag"),
        (vec!["up", "--stack", "a", "--detach"], "hint: `tdd-stack up` always runs in the background"),
    ] {
        let output = TddStack::new(program!()).args(&arguments).run();
        output.exits(2).says(words).says("error: un").says("Usage: ");
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}

#[test]
fn usage_errors_are_json_objects_on_request() {
    for (arguments, variable, message, hint) in [
        (
            vec!["status", "--output", "json", "--foo"],
            None,
            "unexpected argument '--foo' found",
            "`--help` lists the options",
        ),
        (
            vec!["--output=json", "stauts"],
            None,
            "unrecognized subcommand 'stauts'",
            "a similar subcommand exists: 'status'",
        ),
        (vec!["ps"], Some("json"), "unrecognized subcommand 'ps'", "`tdd-stack status` shows the services"),
        (vec![], Some("json"), "no command is given", "`tdd-stack --help` lists the commands"),
    ] {
        let mut run = TddStack::new(program!()).args(&arguments);
        if let Some(value) = variable {
            run = run.env("TDD_STACK_OUTPUT", value);
        }
        let output = run.run();
        let error = output.exits(2).says("Usage: ").json();
        assert_eq!((&error["schema"], &error["code"]), (&json!("tdd-stack.error/1"), &json!("usage")));
        assert_eq!((&error["ok"], &error["exit_code"]), (&json!(false), &json!(2)));
        assert_eq!((&error["message"], &error["hint"]), (&json!(message), &json!(hint)), "{arguments:?}");
    }
    let run = TddStack::new(program!()).env("TDD_STACK_OUTPUT", "json").env("TDD_STACK_BIND", "nowhere");
    let output = run.args(["status"]).run();
    let error = output.exits(2).says("error: TDD_STACK_BIND: invalid value `nowhere`").json();
    assert_eq!(error["code"], "usage");
    let human =
        TddStack::new(program!()).env("TDD_STACK_OUTPUT", "json").args(["ps", "--output", "human"]).run();
    assert_eq!(human.exits(2).stdout, "");
}
