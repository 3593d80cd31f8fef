//! A doctor's findings, for people and for scripts.

use anstyle::Style;

use crate::config::settings::DEFAULT_STACK;
use crate::doctor::{Finding, Severity};
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal};
use crate::output::words::counted;

/// The checks of what a stack needs before it starts.
const BEFORE_START: [&str; 9] =
    ["engine", "api", "platform", "disk", "image", "port", "name", "folder", "file"];

/// The checks whose findings name their subject.
const NAMING: [&str; 5] = ["data", "file", "link", "name", "port"];

/// The columns of a check's name in the list of all checks.
const NAMES: usize = 14;

impl Printer {
    /// Prints findings, each with its fix.
    pub fn findings(&self, stack: &str, findings: &[Finding]) {
        self.result(
            |terminal| screen(terminal, stack, findings, self.is_verbose),
            || schema::findings(stack, findings),
        );
    }
}

fn screen(terminal: Terminal, stack: &str, findings: &[Finding], is_verbose: bool) -> Screen {
    let problems = problems(findings);
    let mut lines: Vec<Line> = if is_verbose {
        findings.iter().flat_map(|finding| check(terminal, finding)).collect()
    } else {
        healthy(terminal, findings).into_iter().chain(problem_lines(terminal, &problems)).collect()
    };
    lines.push(verdict(terminal, stack, &problems, is_verbose));
    lines
}

/// Returns what is healthy: one line for what a stack needs before it starts, one for the stack that runs.
fn healthy(terminal: Terminal, findings: &[Finding]) -> Screen {
    let (mut before, mut running) = (Vec::new(), Vec::new());
    for finding in findings.iter().filter(|finding| finding.state == Severity::Good) {
        let Some(brief) = &finding.brief else { continue };
        let shared: &mut Vec<(&str, Vec<&str>)> =
            if BEFORE_START.contains(&finding.check) { &mut before } else { &mut running };
        match shared.iter_mut().find(|(text, _)| *text == brief.text) {
            Some((_, items)) => items.extend(brief.item.as_deref()),
            None => shared.push((&brief.text, brief.item.as_deref().into_iter().collect())),
        }
    }
    let line = |facts: Vec<(&str, Vec<&str>)>| {
        let items: Vec<String> = facts.iter().map(|(text, items)| with_items(text, items)).collect();
        let row = terminal.row(0, Mark::Good);
        if items.is_empty() { Vec::new() } else { terminal.list(row, Style::new(), &items) }
    };
    [before, running].into_iter().flat_map(line).collect()
}

/// A problem, or several that have one cause.
struct Problem<'a> {
    state: Severity,
    check: &'static str,
    text: &'a str,
    subjects: Vec<&'a str>,
    items: Vec<&'a str>,
    fix: Option<&'a str>,
}

impl<'a> Problem<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { check, state, .. } = *finding;
        let problem = Self {
            state,
            check,
            text: &finding.what,
            subjects: Vec::new(),
            items: Vec::new(),
            fix: finding.fix.as_deref(),
        };
        if let Some(brief) = &finding.brief {
            return Self {
                text: &brief.text,
                items: brief.item.as_deref().into_iter().collect(),
                fix: brief.fix.as_deref(),
                ..problem
            };
        }
        Self { subjects: unnamed_subject(finding).into_iter().collect(), ..problem }
    }

    fn has_cause_of(&self, other: &Self) -> bool {
        (self.check, self.state, self.text, self.fix) == (other.check, other.state, other.text, other.fix)
    }
}

/// Returns the problems, each cause once, errors first.
fn problems(findings: &[Finding]) -> Vec<Problem<'_>> {
    let mut problems: Vec<Problem<'_>> = Vec::new();
    for problem in findings.iter().filter(|finding| finding.state != Severity::Good).map(Problem::of) {
        match problems.iter_mut().find(|known| known.has_cause_of(&problem)) {
            Some(known) => {
                known.items.extend(problem.items);
                known.subjects.extend(problem.subjects);
            }
            None => problems.push(problem),
        }
    }
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.state));
    problems
}

fn problem_lines(terminal: Terminal, problems: &[Problem<'_>]) -> Screen {
    let mut lines = Vec::new();
    for (index, problem) in problems.iter().enumerate() {
        let name = [&[title(problem.check)][..], &problem.subjects].concat();
        let first = terminal.row(0, mark(problem.state)).then(BOLD, format!("{}:", named(&name))).text(" ");
        let text = with_items(problem.text, &problem.items);
        lines.extend(terminal.hanging(first, terminal.mark_width() + 2, Style::new(), &text));
        // Several files with errors have one fix.
        let is_shared = problems
            .get(index + 1)
            .is_some_and(|next| (next.check, next.fix) == (problem.check, problem.fix));
        lines.extend(
            problem
                .fix
                .filter(|_| !is_shared)
                .into_iter()
                .flat_map(|text| fix(terminal, terminal.mark_width() + 2, text)),
        );
    }
    lines
}

/// Returns a check with its whole finding.
fn check(terminal: Terminal, finding: &Finding) -> Screen {
    let first = terminal.row(0, mark(finding.state)).and(Line::of(BOLD, title(finding.check)));
    let first = first.padded(terminal.mark_width() + NAMES);
    let place = first.width();
    let text = match unnamed_subject(finding) {
        Some(subject) => format!("{subject}: {}", finding.what),
        None => finding.what.clone(),
    };
    let mut lines = terminal.continued(first, Style::new(), &text);
    lines.extend(finding.fix.iter().flat_map(|text| fix(terminal, place, text)));
    lines
}

fn fix(terminal: Terminal, indent: usize, text: &str) -> Screen {
    terminal.continued(Line::plain(" ".repeat(indent)).then(BOLD, "Fix:").text(" "), Style::new(), text)
}

fn verdict(terminal: Terminal, stack: &str, problems: &[Problem<'_>], is_verbose: bool) -> Line {
    let count = |state| problems.iter().filter(|problem| problem.state == state).count();
    let named = if stack == DEFAULT_STACK { String::new() } else { format!("{stack}: ") };
    let counts = [(count(Severity::Bad), "error"), (count(Severity::Warning), "warning")];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    if counts.is_empty() {
        return terminal.row(0, Mark::Good).text(format!("{named}no problems found"));
    }
    let line = Line::plain(format!("{named}{}", counts.join(", ")));
    if is_verbose { line } else { line.then(DIM, "    (--verbose lists every check)") }
}

fn mark(state: Severity) -> Mark {
    match state {
        Severity::Good => Mark::Good,
        Severity::Warning => Mark::Warning,
        Severity::Bad => Mark::Bad,
    }
}

/// Returns the name of a check as people read it.
fn title(check: &'static str) -> &'static str {
    match check {
        "engine" | "engine-warning" => "Engine",
        "api" => "API",
        "platform" => "Platform",
        "disk" => "Disk",
        "image" => "Images",
        "port" => "Ports",
        "name" => "Names",
        "data" => "Data",
        "folder" => "Folder",
        "file" => "Files",
        "service" => "Services",
        "reach" | "network" => "Network",
        "target" => "Targets",
        "exposure" => "Exposure",
        "link" => "Links",
        "application" => "App",
        "receiver" => "Receiver",
        other => other,
    }
}

/// Returns a title and what it is about, such as `Services grafana, prometheus`.
fn named(names: &[&str]) -> String {
    let Some((title, subjects)) = names.split_first() else { return String::new() };
    if subjects.is_empty() { (*title).to_string() } else { format!("{title} ({})", subjects.join(", ")) }
}

/// Returns what a finding is about, where its text does not say it.
fn unnamed_subject(finding: &Finding) -> Option<&str> {
    finding.subject.as_deref().filter(|_| !NAMING.contains(&finding.check))
}

fn with_items(text: &str, items: &[&str]) -> String {
    if items.is_empty() { text.to_string() } else { format!("{text} {}", items.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Brief;
    use crate::output::samples::{at_all_widths, in_colour, terminal};

    fn finding(check: &'static str, state: Severity, what: &str) -> Finding {
        Finding { check, subject: None, state, what: what.into(), fix: None, brief: None }
    }

    fn good(check: &'static str, what: &str, text: &str) -> Finding {
        let brief = Some(Brief { text: text.into(), item: None, fix: None });
        Finding { brief, ..finding(check, Severity::Good, what) }
    }

    fn engine() -> Vec<Finding> {
        vec![
            good(
                "engine",
                "Docker Engine 20.10.24 at unix:///var/run/docker.sock (default)",
                "Engine 20.10.24 (API 1.41)",
            ),
            finding("api", Severity::Good, "API 1.41, at least 1.41 is required"),
            good("disk", "78.3 GB free at `/var/lib/docker`", "78.3 GB free"),
            good("image", "all 4 are present", "4 images"),
            good("port", "the ports and names are free, or belong to this stack", "ports"),
            good("folder", "`config/monitoring` is writable", "config"),
            finding("file", Severity::Good, "12 files are readable"),
        ]
    }

    fn application(job: &str, port: u16) -> Finding {
        let fix = "start it on 0.0.0.0, or set its address with `--app-host`";
        Finding {
            subject: Some(job.into()),
            fix: Some(format!(
                "start your application on 0.0.0.0:{port}, or set its address with `--app-host`"
            )),
            brief: Some(Brief {
                text: "nothing listens on port".into(),
                item: Some(port.to_string()),
                fix: Some(fix.into()),
            }),
            ..finding(
                "application",
                Severity::Warning,
                &format!(
                    "http://tdd-app:{port}/metrics refuses the connection: nothing listens on port {port} of this machine"
                ),
            )
        }
    }

    fn healthy() -> Vec<Finding> {
        let mut findings = engine();
        findings.push(good("service", "all 4 are ready", "4 services are ready"));
        for job in ["streamlit-app", "app-metrics"] {
            let brief = Some(Brief { text: "reachable:".into(), item: Some(job.into()), fix: None });
            let what = format!("http://tdd-app/{job} is scraped");
            findings.push(Finding {
                subject: Some(job.into()),
                brief,
                ..finding("application", Severity::Good, &what)
            });
        }
        findings.push(good(
            "receiver",
            "http://tdd-webhook:5001 answers Alertmanager's container",
            "alert receiver",
        ));
        findings
    }

    fn ill() -> Vec<Finding> {
        let mut findings = engine();
        findings.retain(|finding| finding.check != "image" && finding.check != "file");
        findings.insert(0, finding("engine-warning", Severity::Warning, "No swap limit support"));
        findings.push(Finding {
            subject: Some("prometheus, grafana, node-exporter, alertmanager".into()),
            fix: Some("check the registry's name and port, and the network, proxy and certificates of the engine's host, or pull from another registry with `--registry HOST` (`scripts/offline-images.sh` creates a local one)".into()),
            brief: Some(Brief {
                text: "4 images cannot be pulled: their registry is unreachable: Get \"http://127.0.0.1:5999/v2/\": dial tcp 127.0.0.1:5999: connect: connection refused".into(),
                item: None,
                fix: Some("check `--registry`, or start the registry".into()),
            }),
            ..finding("image", Severity::Bad, "cannot pull `127.0.0.1:5999/prom/prometheus:v3.13.4`: its registry is unreachable")
        });
        for (file, line) in [("alerts.yml", 3), ("prometheus.yml", 7)] {
            findings.push(Finding {
                subject: Some(file.into()),
                fix: Some(
                    "edit the file, or restore the shipped one (keeps a backup): `tdd-stack init --force`"
                        .into(),
                ),
                ..finding(
                    "file",
                    Severity::Bad,
                    &format!(
                        "config/monitoring/{file}:{line}: mapping values are not allowed in this context"
                    ),
                )
            });
        }
        for name in ["grafana", "prometheus"] {
            findings.push(Finding {
                subject: Some(name.into()),
                fix: Some("start it: `tdd-stack up`".into()),
                brief: Some(Brief {
                    text: "not running:".into(),
                    item: Some(name.into()),
                    fix: Some("`tdd-stack up`".into()),
                }),
                ..finding("service", Severity::Bad, "is not running: exited with code 0")
            });
        }
        findings.extend([application("streamlit-app", 8501), application("app-metrics", 8502)]);
        findings
    }

    #[test]
    fn findings_with_one_cause_are_one_line() {
        let shown = at_all_widths(|terminal| screen(terminal, "tdd", &ill(), false));
        insta::assert_snapshot!("doctor_ill", shown);
    }

    #[test]
    fn healthy_machine_is_two_lines() {
        insta::assert_snapshot!(
            "doctor_healthy",
            at_all_widths(|terminal| screen(terminal, "tdd", &healthy(), false))
        );
    }

    #[test]
    fn machine_without_stack_is_one_line() {
        insta::assert_snapshot!(
            "doctor_new",
            at_all_widths(|terminal| screen(terminal, "other", &engine(), false))
        );
    }

    #[test]
    fn every_check_has_a_line_on_request() {
        let all: Vec<Finding> = [healthy(), ill()].concat();
        insta::assert_snapshot!(
            "doctor_verbose",
            at_all_widths(|terminal| screen(terminal, "tdd", &all, true))
        );
    }

    #[test]
    fn marks_have_colours() {
        insta::assert_snapshot!(
            "doctor_colours",
            in_colour(&screen(terminal(80, true), "tdd", &ill(), false))
        );
    }
}
