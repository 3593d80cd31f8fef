//! The help pages: one snapshot each, and a description of every flag.

use integration_tests::cli::TddStack;
use integration_tests::program;

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

fn help(verb: Option<&str>) -> String {
    let output = TddStack::new(program!()).args(verb).args(["--help"]).run();
    assert_eq!(output.exits(0).stderr, "");
    // The tested binary is a copy with another name.
    output.stdout.replace("tdd-stack-under-test", "tdd-stack")
}

/// Returns each flag of a help page with the next line.
fn flags(page: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = page.lines().map(str::trim).collect();
    let pairs = lines.iter().zip(lines.iter().skip(1));
    // Lines of possible values begin with a dash and a space.
    let is_flag = |line: &str| line.starts_with('-') && !line.starts_with("- ");
    pairs.filter(|(line, _)| is_flag(line)).map(|(line, next)| (*line, *next)).collect()
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
fn every_flag_has_a_description() {
    for verb in VERBS.map(Some).into_iter().chain([None]) {
        let page = help(verb);
        let flags = flags(&page);
        assert!(flags.len() >= 14, "{verb:?}: {flags:?}");
        for (flag, words) in flags {
            let is_described = words.chars().next().is_some_and(|c| c.is_uppercase() || c == '`');
            assert!(is_described, "{verb:?}: {flag} is not described, but {words:?}");
        }
    }
}

#[test]
fn every_global_flag_lists_its_variable() {
    let page = help(None);
    let (_, global) = page.split_once("Global options:").expect("global options have a heading");
    for (flag, _) in flags(global) {
        let name = flag.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
        let variable = format!("TDD_STACK_{}", name.to_uppercase().replace('-', "_"));
        assert!(page.contains(&format!("[env: {variable}")), "{flag} has no variable");
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
fn command_line_mistake_is_reported_with_a_hint() {
    for (arguments, words) in [
        (vec!["stauts"], "a similar subcommand exists: 'status'"),
        (vec!["up", "--dry-rum"], "a similar argument exists: '--dry-run'"),
        (vec!["up", "--pull", "sometimes"], "[possible values: missing, always, never]"),
        (vec!["up", "--wait-timeout", "soon"], "invalid value 'soon' for '--wait-timeout <TIME>'"),
        (vec!["up", "--port", "grafana"], "write it as SERVICE=VALUE"),
        (vec!["up", "--port", "grafana=0"], "give a number from 1 to 65535, or `auto`"),
        (vec!["up", "--app-host", "the moon"], "none of `host`, `network` and an IP address"),
        (vec!["logs", "loki"], "it is one of prometheus, grafana, node-exporter, alertmanager"),
        (vec!["logs", "--since", "yesterday"], "write a span such as 10m"),
        (vec![], "Usage: "),
    ] {
        let output = TddStack::new(program!()).args(&arguments).run();
        output.exits(2).says(words);
        assert_eq!(output.stdout, "", "{arguments:?}");
    }
}
