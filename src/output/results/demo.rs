//! The demo's banner, and the notifications that it receives.

use anstyle::Style;
use serde::Serialize;

use crate::config::settings::ProgressFormat;
use crate::output::printer::{Printer, say, say_lines};
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal};

/// What a demo that is ready says.
#[derive(Clone, Debug, Default)]
pub struct DemoScreen {
    /// The scenario.
    pub scenario: String,
    /// What happens if the scenario lasts.
    pub consequences: String,
    /// What it serves, each with its name.
    pub addresses: Vec<(&'static str, String)>,
    /// The further addresses that it listens on.
    pub others: Vec<String>,
    /// The imported history: its times and its size.
    pub history: Vec<String>,
    /// The command that changes the scenario.
    pub set_command: String,
    /// Why the containers may not reach it, and similar.
    pub notes: Vec<String>,
}

/// A received notification.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The time of its arrival, in RFC 3339.
    pub received: String,
    /// Whether it shows that deliveries work, and nothing else.
    pub is_heartbeat: bool,
    /// Its alerts.
    pub alerts: Vec<ReceivedAlert>,
}

/// An alert of a notification.
#[derive(Clone, Debug, Default)]
pub struct ReceivedAlert {
    /// The alert's name.
    pub name: String,
    /// Its severity.
    pub severity: String,
    /// Whether it is over.
    pub is_resolved: bool,
    /// What it is about, such as job and instance.
    pub place: String,
}

impl Printer {
    /// Prints that a demo is ready.
    pub fn demo<D: Serialize>(&self, screen: &DemoScreen, document: impl FnOnce() -> D) {
        self.result(|terminal| banner(terminal, screen), document);
    }

    /// Prints that a demo has another scenario.
    pub fn scenario<D: Serialize>(&self, scenario: &str, consequences: &str, document: impl FnOnce() -> D) {
        self.result(|terminal| vec![verdict(terminal, scenario, consequences)], document);
    }

    /// Reports a notification, unless progress is quiet.
    pub fn notification<D: Serialize>(&self, received: &Received, document: impl FnOnce() -> D) {
        match self.progress {
            ProgressFormat::Quiet => {}
            ProgressFormat::Json => {
                say(&crate::output::schema::line(&document()));
            }
            ProgressFormat::Auto | ProgressFormat::Bars | ProgressFormat::Plain => {
                say_lines(&notification(self.messages, received));
            }
        }
    }
}

fn verdict(terminal: Terminal, scenario: &str, consequences: &str) -> Line {
    terminal.row(0, Mark::Good).text("Scenario ").then(BOLD, scenario).text(": ").text(consequences)
}

fn banner(terminal: Terminal, screen: &DemoScreen) -> Screen {
    let DemoScreen { scenario, consequences, addresses, others, history, set_command, notes } = screen;
    let first = terminal.row(0, Mark::Good).text("Demo application runs, scenario ").then(BOLD, scenario);
    let mut lines =
        terminal.hanging(first, terminal.mark_width(), Style::new(), &format!(": {consequences}"));
    let indent = terminal.mark_width();
    let row = |name: &str| Line::plain(" ".repeat(indent)).text(name).padded(indent + 10);
    for (name, address) in addresses {
        lines.push(row(name).text(address));
    }
    if !others.is_empty() {
        lines.extend(terminal.continued(row("Also on"), Style::new(), &others.join(", ")));
    }
    for (index, text) in history.iter().enumerate() {
        let (name, style) = if index == 0 { ("History", Style::new()) } else { (" ", DIM) };
        lines.extend(terminal.continued(row(name), style, text));
    }
    for note in notes {
        lines.extend(terminal.hanging(terminal.row(0, Mark::Warning), indent, Style::new(), note));
    }
    lines.push(Line::plain(" ".repeat(indent)).then(DIM, format!("Change it: {set_command}")));
    lines.push(Line::plain(" ".repeat(indent)).then(DIM, "Stop it: Ctrl-C"));
    lines
}

fn notification(terminal: Terminal, received: &Received) -> Screen {
    // The reader knows the day.
    let time = received.received.get(11..19).unwrap_or(&received.received);
    let line = |alert: &ReceivedAlert| {
        let (mark, verb) = match (alert.is_resolved, alert.severity.as_str()) {
            (true, _) => (Mark::Good, "is resolved"),
            (false, _) if received.is_heartbeat => (Mark::Good, "arrived"),
            (false, "critical") => (Mark::Bad, "fires"),
            (false, _) => (Mark::Warning, "fires"),
        };
        let first = Line::of(DIM, format!("{time}Z")).text("  ").and(terminal.row(0, mark));
        let first = first.then(BOLD, &alert.name).text(" ").text(verb).text("  ");
        terminal.continued(first, DIM, &alert.place)
    };
    received.alerts.iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;

    #[test]
    fn banner_has_a_line_for_each_port() {
        let note = "the containers look for the application at `192.0.2.1`, which is not an address of this machine: \
                    the demo listens on loopback only, set `--listen` or `--app-host` to a common address";
        let screen = DemoScreen {
            scenario: "db-down".into(),
            consequences: "LogErrorsHigh, DatabaseConnectionFailure, HighErrorRate fire if it lasts".into(),
            addresses: vec![
                ("Health", "http://127.0.0.1:8501/health/metrics".into()),
                ("Metrics", "http://127.0.0.1:8502/metrics".into()),
                ("Receiver", "http://127.0.0.1:5001/webhook".into()),
                ("Control", "http://127.0.0.1:8503".into()),
            ],
            others: vec!["172.17.0.1".into()],
            history: vec![
                "2026-11-24T08:00:00Z to 2026-11-24T10:00:00Z: 142 series, 68160 samples".into(),
                "simulated in 0.3s, imported in 1.4s, Prometheus restarted in 0.6s".into(),
            ],
            set_command: "tdd-stack demo set SCENARIO".into(),
            notes: vec![note.into()],
        };
        insta::assert_snapshot!("demo", at_all_widths(|terminal| banner(terminal, &screen)));
    }

    #[test]
    fn each_alert_of_a_notification_is_a_line() {
        let alert = |name: &str, severity: &str, is_resolved, place: &str| ReceivedAlert {
            name: name.into(),
            severity: severity.into(),
            is_resolved,
            place: place.into(),
        };
        let received = Received {
            received: "2026-11-24T10:02:03.456Z".into(),
            is_heartbeat: false,
            alerts: vec![
                alert("ApplicationDown", "critical", false, "streamlit-app tdd-app:8501"),
                alert("SlowQueries", "warning", false, "a\u{1b}[2J"),
                alert("HighErrorRate", "warning", true, ""),
            ],
        };
        let heartbeat = Received {
            is_heartbeat: true,
            alerts: vec![alert("Watchdog", "none", false, "")],
            ..received.clone()
        };
        let shown =
            [received, heartbeat].map(|received| at_all_widths(|terminal| notification(terminal, &received)));
        insta::assert_snapshot!("demo_notifications", shown.join("\n"));
    }
}
