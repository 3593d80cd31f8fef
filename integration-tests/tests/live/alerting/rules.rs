//! The tests of the rules detect every small fault, and each alert has the annotations that its reader needs.
//!
//! The tests are never skipped: promtool comes from the Prometheus image.

mod mutants;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use integration_tests::scenario::{Scenario, docker};
use mutants::{Mutant, mutants, rule_name, rules};
use regex_lite::Regex;
use serde_json::Value;

const ALERTS: &str = include_str!("../../../../assets/prometheus/alerts.yml");
const RECORDING_RULES: &str = include_str!("../../../../assets/prometheus/recording_rules.yml");
const TESTS: &str = include_str!("../../../../assets/prometheus/alerts_test.yml");
const README: &str = include_str!("../../../../assets/monitoring-readme.md");
const DASHBOARD: &str = include_str!("../../../../assets/grafana/grafana_dashboards.json");

/// Excluded mutants: a regular expression for their names, and the reason.
const LEFT_OUT: [(&str, &str); 8] = [
    ("^Watchdog: line 1, `1`", "its value has no meaning"),
    ("^HighErrorRate: .*`0.018`", "5 and 6 requests in 5 minutes are 0.0167 and 0.02 a second"),
    ("^HighErrorRate: .*is `on .instance.`", "both sides are of the job app-metrics"),
    ("^AppMetricsMissing: .*is `on .instance.`", "all terms are of the job app-metrics"),
    ("^AppMetricsMissing: line [3-9], `job=", "the first term has the job, and the others are matched by it"),
    ("^(client_)?error_rate: line 2, `job=", "without requests of the job there is nothing to divide by"),
    ("^memory_usage_percent: .*`job=", "the other side of the division has the job"),
    ("^(response_time_seconds|operation:.*): .*is `-1`", "a time is not negative"),
];

/// Shell script that runs the tests on each mutant until one fails, with two mutants in parallel.
const TEST_MUTANTS: &str = r#"
# Each of two workers uses one processor.
export GOGC=off GOMAXPROCS=1
verdict() {
  for test in $(cat order); do
    promtool test rules "$test.yml" >/dev/null 2>&1 || { echo caught; return; }
  done
  echo missed
}
worker() {
  for number in $(seq "$1" 2 "$2"); do
    mkdir "/tmp/$number" && cd "/tmp/$number" && cp /tmp/mutants/*.yml "/tmp/mutants/$number"/* . || return
    echo "$number $(verdict)"
  done
}
worker 0 "$1" &
worker 1 "$1" &
wait
cd /tmp
promtool check rules [0-9]*/alerts.yml [0-9]*/recording_rules.yml >check 2>&1 || cat check
"#;

/// A container that is removed on drop.
struct Container(String);

impl Container {
    fn new(arguments: &[&str]) -> Self {
        let image = Scenario::image("prometheus");
        let options = ["create", "--pull", "missing", "--network", "none", "--label", "tdd-stack.test=rules"];
        let entrypoint = ["--entrypoint", "/bin/sh", &image];
        Self(docker(&[options.as_slice(), &entrypoint, arguments].concat()).trim().to_string())
    }

    fn unpack(&self, archive: &[u8]) {
        let mut copy = Command::new("docker")
            .args(["cp", "-", &format!("{}:/tmp", self.0)])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the `docker` command starts");
        copy.stdin
            .take()
            .expect("the stream is piped")
            .write_all(archive)
            .expect("`docker cp` reads its input");
        assert!(copy.wait().expect("the process exits").success(), "the mutants cannot be copied");
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.0]);
    }
}

/// Returns an expression for the tests that cover a rule best: named after it, after its alerts, or querying it.
fn tests_of(rule: &str) -> String {
    let uses = |field: &serde_yaml::Value| field["expr"].as_str().is_some_and(|text| text.contains(rule));
    let mut names = vec![rule.to_string()];
    names.extend(rules(ALERTS).iter().filter(|alert| uses(alert)).map(rule_name));
    let tests: serde_yaml::Value = serde_yaml::from_str(TESTS).expect("the tests are YAML");
    for test in tests["tests"].as_sequence().expect("the file has tests") {
        if test["promql_expr_test"].as_sequence().is_some_and(|asked| asked.iter().any(uses)) {
            names.extend(test["name"].as_str().map(ToString::to_string));
        }
    }
    format!("^({})", names.join("|"))
}

/// Returns each test as a separate file with its name, because one test is faster than all. The text is split, not
/// parsed, since values such as `0x4` would change.
fn single_tests() -> Vec<(String, String)> {
    let mut parts = TESTS.split("  - name: ");
    let head = parts.next().expect("the file has a head");
    let single = |test: &str| {
        let name = test.lines().next().unwrap_or_default().to_string();
        (name, format!("{head}  - name: {test}"))
    };
    parts.map(single).collect()
}

/// Returns the numbers of all tests, preferred ones of the mutant first.
fn order(mutant: &Mutant, tests: &[(String, String)]) -> String {
    let wanted: Vec<Regex> =
        mutant.first.lines().map(|names| Regex::new(names).expect("the expression is valid")).collect();
    let rank = |name: &str| wanted.iter().position(|names| names.is_match(name));
    let mut numbers: Vec<usize> = (0..tests.len()).collect();
    numbers.sort_by_key(|number| rank(&tests[*number].0).unwrap_or(wanted.len()));
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns all mutants without the excluded ones.
fn tested_mutants() -> Vec<Mutant> {
    let mut all = mutants("recording_rules.yml", RECORDING_RULES, tests_of);
    all.extend(mutants("alerts.yml", ALERTS, tests_of));
    for (names, reason) in LEFT_OUT {
        let before = all.len();
        let names = Regex::new(names).expect("the expression is valid");
        all.retain(|mutant| !names.is_match(&mutant.name));
        assert!(all.len() < before, "no mutant is called `{names}` ({reason}): remove it from the list");
    }
    all
}

fn archive(mutants: &[Mutant]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &str, text: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_uid(65534);
        header.set_gid(65534);
        archive
            .append_data(&mut header, format!("mutants/{path}"), text.as_bytes())
            .expect("writing to memory succeeds");
    };
    add("alerts.yml", ALERTS);
    add("recording_rules.yml", RECORDING_RULES);
    let tests = single_tests();
    for (number, (_, test)) in tests.iter().enumerate() {
        add(&format!("{number}.yml"), test);
    }
    for (number, mutant) in mutants.iter().enumerate() {
        add(&format!("{number}/{}", mutant.file), &mutant.text);
        add(&format!("{number}/order"), &order(mutant, &tests));
    }
    archive.into_inner().expect("writing to memory succeeds")
}

#[test]
#[expect(clippy::print_stdout, reason = "the output shows the number of mutants")]
fn rule_tests_detect_every_mutant() {
    let mut all = tested_mutants();
    let made = all.len();
    all.push(Mutant::none("alerts.yml", ALERTS));
    let container = Container::new(&["-c", TEST_MUTANTS, "judge", &made.to_string()]);
    container.unpack(&archive(&all));
    let output = docker(&["start", "--attach", &container.0]);

    let with = |verdict: &str| -> Vec<&str> {
        let has_verdict = |number: usize| output.lines().any(|line| line == format!("{number} {verdict}"));
        let numbers = (0..all.len()).filter(|number| has_verdict(*number));
        numbers.map(|number| all[number].name.as_str()).collect()
    };
    println!("{}/{made} mutants of the rules are caught", with("caught").len());
    assert!(!output.contains("Checking"), "some mutants are invalid rules: {output}");
    assert_eq!(with("missed"), [all[made].name.as_str()], "no test finds these faults");
    assert_eq!(with("caught").len(), made, "some mutants were not tested: {output}");
}

/// Returns the anchors of the headings in a Markdown page.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    headings.map(|heading| heading.to_lowercase().replace(' ', "-")).collect()
}

#[test]
fn alert_annotations_have_summary_runbook_and_dashboard() {
    let anchors = anchors(README);
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let panels: BTreeSet<String> = panels.iter().map(|panel| panel["id"].to_string()).collect();
    let alerts = rules(ALERTS);
    assert_eq!(alerts.len(), 12);
    for alert in alerts {
        let name = rule_name(&alert);
        let annotation = |key: &str| alert["annotations"][key].as_str().unwrap_or_default().to_string();
        let summary = annotation("summary");
        assert!(summary.len() > 10 && !summary.contains("{{"), "{name}: {summary}");
        let anchor = format!("config/monitoring/README.md#{}", name.to_lowercase());
        assert_eq!(annotation("runbook_url"), anchor);
        assert!(anchors.contains(&name.to_lowercase()), "README.md has no heading `{name}`");
        let link = annotation("dashboard_url");
        let panel = link.strip_prefix("http://localhost:3000/d/tdd-main?viewPanel=").unwrap_or_default();
        assert!(panels.contains(panel), "{name}: `{link}` shows no panel of {panels:?}");
        says_value_and_threshold(&name, alert["expr"].as_str().unwrap(), &annotation("description"));
    }
    assert_eq!(dashboard["uid"], "tdd-main");
}

fn says_value_and_threshold(name: &str, expression: &str, description: &str) {
    // The values of these alerts say only whether something exists.
    let has_no_value = ["ApplicationDown", "AppMetricsMissing"].contains(&name);
    assert!(has_no_value || description.contains("$value"), "{name}: {description}");
    let above = expression.split_once("> ").and_then(|(_, rest)| rest.split_whitespace().next());
    let thresholds = match above {
        Some(number) => {
            let percent = 100.0 * number.parse::<f64>().expect("a threshold is a number");
            vec![format!("threshold {number}"), format!("threshold {percent}%")]
        }
        None if name == "AppMetricsMissing" => {
            vec![format!("expected {}", expression.matches("count by").count())]
        }
        None if name == "Watchdog" => vec!["always".into()],
        None => vec!["expected 1".into(), "is not 1".into()],
    };
    assert!(thresholds.iter().any(|text| description.contains(text)), "{name}: {thresholds:?} {description}");
}
