//! Alerts, for people and for scripts.

use std::time::Duration;

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::model::alert::{Alert, AlertState, Alerts, Delivery, Since};
use crate::model::verification::WATCHDOG;

impl Printer {
    /// Prints the alerts, and what is known about their delivery.
    pub fn alerts(&self, stack: &str, alerts: &Alerts) {
        self.result(|_| text_screen(&text(stack, alerts)), || schema::alerts(stack, alerts));
    }
}

fn text(stack: &str, alerts: &Alerts) -> String {
    let mut lines = vec![format!("stack {stack}: {}", counted(alerts))];
    if !alerts.alerts.is_empty() {
        let mut table = table::table(["alert", "severity", "state", "since", "routed to", "what"]);
        table.add_rows(alerts.alerts.iter().map(row));
        lines.push(format!("\n{}\n", table.trim_fmt()));
    }
    lines.push(match &alerts.delivery {
        Some(since) => {
            format!("from Prometheus to Alertmanager: works, {WATCHDOG} has arrived ({})", ago(since))
        }
        None => format!("from Prometheus to Alertmanager: not seen to work, {WATCHDOG} has not arrived"),
    });
    lines.extend(alerts.deliveries.iter().map(|deliveries| {
        let delivered = deliveries.iter().map(delivered).collect::<Vec<_>>().join(", ");
        let since = "since Alertmanager started";
        if delivered.is_empty() {
            format!("from Alertmanager to receivers: no message {since}")
        } else {
            format!("from Alertmanager to receivers: {delivered}, {since}")
        }
    }));
    lines.extend(alerts.unanswered.iter().map(|problem| format!("unanswered: {problem}")));
    table::joined(&lines)
}

fn delivered(delivery: &Delivery) -> String {
    let failed = match delivery.failed {
        0 => String::new(),
        1 => ", 1 attempt failed".into(),
        failed => format!(", {failed} attempts failed"),
    };
    format!("{} delivered {}{failed}", delivery.integration, delivery.delivered)
}

fn counted(alerts: &Alerts) -> String {
    let counts = [
        ("firing", alerts.firing()),
        ("pending", alerts.count(|state| *state == AlertState::Pending)),
        ("suppressed", alerts.count(|state| matches!(state, AlertState::Suppressed(_)))),
    ];
    counts.map(|(word, count)| format!("{count} {word}")).join(", ")
}

fn row(alert: &Alert) -> [String; 6] {
    let state = match &alert.state {
        AlertState::Firing => "firing".into(),
        AlertState::NotArrived => "firing, not at Alertmanager".into(),
        AlertState::Pending => "pending".into(),
        AlertState::Suppressed(by) => format!("suppressed by\n{}", by.join("\n")),
    };
    let about = [
        alert.annotation("summary").map(ToString::to_string),
        alert.annotation("description").map(ToString::to_string),
        alert.annotation("runbook_url").map(|place| format!("runbook {place}")),
        alert.annotation("dashboard_url").map(|place| format!("dashboard {place}")),
    ];
    let about: Vec<String> = about.into_iter().flatten().collect();
    let or_none = |text: String| if text.is_empty() { "-".into() } else { text };
    [
        alert.name.clone(),
        or_none(alert.label("severity").unwrap_or_default().into()),
        state,
        ago(&alert.since),
        or_none(alert.receivers.join("\n")),
        or_none(about.join("\n")),
    ]
}

fn ago(since: &Since) -> String {
    match since.age {
        Some(age) => humantime::format_duration(Duration::from_secs(age.as_secs())).to_string(),
        None => since.moment.clone(),
    }
}
