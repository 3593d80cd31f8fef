//! Faulty files on a running stack: rejected by this program, or by promtool and amtool; the stack does not change.

use std::fs;
use std::time::{Duration, Instant};

use integration_tests::scenario::{Scenario, text};

use crate::scenario;

/// Returns what a faulty file must not change: containers, their start times and the loaded rules.
fn state(scenario: &Scenario) -> (Vec<String>, Vec<String>, Vec<String>) {
    let rules =
        scenario.rules().into_iter().map(|rule| format!("{}: {}", text(&rule["name"]), text(&rule["query"])));
    (scenario.ids(), scenario.started(), rules.collect())
}

#[test]
fn faulty_files_never_change_a_running_stack() {
    let scenario = scenario("faulty-files");
    scenario.succeed(&["up", "--wait", "proven"]);
    let before = state(&scenario);
    let laughs: Vec<String> = (1..12)
        .map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")))
        .collect();
    let laughs = format!("a0: &a0 lol\n{}", laughs.concat());
    let quadratic = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(100_000), "*a,".repeat(100_000));
    let enormous = "# 11 bytes\n".repeat(1_000_000);
    for (file, content, words) in [
        ("alerts.yml", "", "alerts.yml: the file is empty"),
        // promtool accepts an empty configuration, which monitors nothing.
        ("prometheus.yml", "", "prometheus.yml: the file is empty"),
        // promtool reads the first document and ignores the second.
        ("alerts.yml", "groups: []\n---\ngroups: [\n", "alerts.yml:2: a second document begins here"),
        (
            "recording_rules.yml",
            "groups:\n\t- name: a\n",
            "recording_rules.yml:2: found character that cannot start any token",
        ),
        (
            "alerts.yml",
            "groups: &g [*g]\n",
            "alerts.yml:1: too deeply nested (more than 128 levels), or an alias contains itself",
        ),
        ("alerts.yml", &laughs, "alerts.yml: aliases expand to too much text"),
        ("alertmanager.yml", &quadratic, "alertmanager.yml: aliases expand to too much text"),
        ("alertmanager.yml", "route: {}\nroute: {}\n", "alertmanager.yml:2: duplicate key `route`"),
        ("alertmanager.yml", &enormous, "alertmanager.yml: it is longer than 2 MiB"),
        // These are valid YAML, and only the tools find the faults.
        (
            "alerts.yml",
            "groups: [{name: g, rules: [{alert: A, expr: 'up >'}]}]\n",
            "alerts.yml:1: group \"g\", rule 1, \"A\"",
        ),
        ("alerts.yml", "groups: [{name: g, rulez: []}]\n", "alerts.yml:1: field rulez not found"),
        (
            "prometheus.yml",
            "scrape_configs: [{job_name: a, scrape_interval: 1q}]\n",
            "prometheus.yml:1: unknown unit",
        ),
        ("alertmanager.yml", "route: {receiver: nobody}\nreceivers: []\n", "alertmanager.yml"),
        (
            "grafana_dashboards.json",
            "{\"title\": \"a\", \"title\": \"b\"}",
            "grafana_dashboards.json:1: invalid JSON: duplicate key `title`",
        ),
    ] {
        let shipped = fs::read(scenario.file(file)).expect("it exists");
        fs::write(scenario.file(file), content).expect("it is writable");
        let began = Instant::now();
        let output = scenario.run(&["up"]);
        output.exits(1).says(words).says("nothing was changed");
        assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
        assert_eq!(state(&scenario), before, "{file}: {content:.80}");
        fs::write(scenario.file(file), shipped).expect("it is writable");
    }
    assert!(scenario.succeed(&["up"]).stdout.contains("is up to date"));
    assert_eq!(scenario.objects("container").len(), 4, "a check left its container");
}

#[test]
fn byte_order_mark_and_crlf_are_accepted_by_services() {
    let scenario = scenario("editors");
    scenario.succeed(&["up"]);
    let before = (scenario.ids(), scenario.started());
    for file in ["prometheus.yml", "recording_rules.yml", "alerts.yml", "alerts_test.yml", "alertmanager.yml"]
    {
        let shipped = fs::read_to_string(scenario.file(file)).expect("it exists");
        let edited = format!("\u{feff}{}", shipped.replace('\n', "\r\n"));
        fs::write(scenario.file(file), edited).expect("it is writable");
    }
    scenario.succeed(&["check"]);
    let done = scenario.succeed(&["up", "--output", "json"]).json();
    assert_eq!(scenario.rules().len(), 18, "{done}");
    assert_eq!((scenario.ids(), scenario.started()), before, "a container was restarted");
    // A new start uses tuned copies of the files.
    scenario.succeed(&["down", "--volumes"]);
    scenario.succeed(&["up", "--wait", "proven"]);
}

#[test]
fn links_are_read_and_devices_are_rejected() {
    let scenario = scenario("links");
    scenario.succeed(&["up"]);
    let before = state(&scenario);
    let mine = scenario.folder().join("mine.yml");
    fs::rename(scenario.file("alerts.yml"), &mine).expect("the file can be moved");
    std::os::unix::fs::symlink("/dev/zero", scenario.file("alerts.yml")).expect("a link can be created");
    scenario.run(&["up"]).exits(4).says("and that is a device");
    fs::remove_file(scenario.file("alerts.yml")).expect("it exists");
    assert_eq!(state(&scenario), before);
    std::os::unix::fs::symlink(&mine, scenario.file("alerts.yml")).expect("a link can be created");
    assert!(scenario.succeed(&["up"]).stdout.contains("is up to date"));
    let text = fs::read_to_string(&mine).expect("it exists");
    fs::write(&mine, format!("{text}# edited\n")).expect("it is writable");
    scenario.succeed(&["up"]);
    assert!(scenario.file("alerts.yml").is_symlink());
    assert_eq!(state(&scenario), before);
    assert!(scenario.succeed(&["up"]).stdout.contains("is up to date"));
}
