//! Renders a screen on terminals of several widths, and values to render, for snapshots.

use std::time::Duration;

use super::screen::{Screen, Terminal};
use crate::model::alert::{Delivery, WATCHDOG};
use crate::model::observed::{ContainerState, Readiness};
use crate::model::verification::{DashboardCheck, Health, PanelCheck, Rules, Target, Verification};
use crate::status::{ServiceStatus, Status};

/// Returns a terminal of a width.
pub(super) fn terminal(columns: usize, is_unicode: bool) -> Terminal {
    let locale = if is_unicode { "en_US.UTF-8" } else { "C" };
    Terminal::new(Some(columns), |name| (name == "LANG").then(|| locale.to_string()))
}

/// Returns a screen at 60, 80 and 120 columns, with and without UTF-8. Fails if a line is too long.
pub(super) fn at_all_widths(screen: impl Fn(Terminal) -> Screen) -> String {
    let mut text = String::new();
    for is_unicode in [true, false] {
        for columns in [60, 80, 120] {
            let glyphs = if is_unicode { "UTF-8" } else { "plain" };
            text.extend(["----- ", &columns.to_string(), " columns, ", glyphs, "\n"]);
            for line in screen(terminal(columns, is_unicode)) {
                let bare = line.bare();
                // A command to copy is never broken, nor is a word.
                let may_be_long = bare.contains(": tdd-stack ") || bare.split_whitespace().count() <= 3;
                assert!(line.width() <= columns || may_be_long, "longer than {columns} columns: {bare}");
                text.push_str(&bare);
                text.push('\n');
            }
        }
    }
    text
}

/// Returns a screen with its colours, in which `^` represents the escape character.
pub(super) fn in_colour(screen: &Screen) -> String {
    let lines: Vec<String> = screen.iter().map(|line| line.to_string().replace('\u{1b}', "^")).collect();
    lines.join("\n")
}

fn service(name: &str, port: u16) -> ServiceStatus {
    ServiceStatus {
        name: name.into(),
        state: Some(ContainerState::Running),
        readiness: Readiness::Ready,
        image: format!("prom/{name}:v1"),
        url: Some(format!("http://127.0.0.1:{port}")),
        port: Some(port),
        drift: Vec::new(),
        without: (name == "node-exporter").then(|| "rslave: later mounts are not seen".into()),
    }
}

/// Returns a scrape target.
pub(super) fn target(job: &str, url: &str, health: Health, required: bool) -> Target {
    let is_down = health == Health::Down;
    Target {
        job: job.into(),
        url: url.into(),
        health,
        required,
        error: if is_down {
            "Get \"x\": dial tcp: connect: connection refused".into()
        } else {
            String::new()
        },
        advice: is_down.then_some("the application is not running: start it on 0.0.0.0"),
    }
}

/// Returns the status of a stack in which everything works.
pub(super) fn healthy_status() -> Status {
    let panel = |series, shows_alerts| PanelCheck { title: "P".into(), series: Ok(series), shows_alerts };
    let up = Health::Up;
    Status {
        stack: "tdd".into(),
        services: vec![
            service("prometheus", 9090),
            service("grafana", 3000),
            service("node-exporter", 9100),
            service("alertmanager", 9093),
        ],
        edited: vec!["alerts.yml".into()],
        edited_inside: Vec::new(),
        conflicts: Vec::new(),
        deliveries: Some(vec![Delivery { integration: "webhook".into(), delivered: 3, failed: 0 }]),
        receivers: vec!["tdd-webhook:5001".into()],
        hindrance: None,
        proof: Some(Verification {
            age: Duration::from_mins(5),
            targets: vec![
                target("prometheus", "http://localhost:9090/metrics", up, true),
                target("streamlit-app", "http://tdd-app:8501/health/metrics", up, false),
                target("app-metrics", "http://tdd-app:8502/metrics", up, false),
                target("web-by-file", "http://web:80/metrics", up, false),
            ],
            rules: Rules { total: 18, healthy: 18, firing: vec![WATCHDOG.into()], failing: Vec::new() },
            alertmanager_active: true,
            watchdog_arrived: true,
            data_source_error: None,
            dashboards: vec![DashboardCheck {
                uid: "tdd-main".into(),
                url: String::new(),
                panels: vec![panel(2, false), panel(1, false), panel(0, true)],
            }],
            unanswered: Vec::new(),
        }),
    }
}
