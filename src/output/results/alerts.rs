//! Alerts, for people and for scripts.

use std::time::Duration;

use anstyle::Style;

use crate::model::alert::WATCHDOG;
use crate::model::alert::{Alert, AlertState, Alerts, Delivery, Since};
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal};
use crate::output::words::counted;

/// The columns before the lines below an alert's first.
const INDENT: usize = 6;

impl Printer {
    /// Prints the alerts, and what is known about their delivery.
    pub fn alerts(&self, stack: &str, alerts: &Alerts) {
        self.result(
            |terminal| screen(terminal, stack, alerts, self.is_verbose),
            || schema::alerts(stack, alerts),
        );
    }
}

fn screen(terminal: Terminal, stack: &str, alerts: &Alerts, is_verbose: bool) -> Screen {
    let mut lines = verdict(terminal, stack, alerts);
    for alert in &alerts.alerts {
        lines.push(Line::default());
        let block = block(terminal, alert, is_verbose);
        if matches!(alert.state, AlertState::Suppressed(_)) {
            lines.extend(block.into_iter().map(Line::dimmed));
        } else {
            lines.extend(block);
        }
    }
    let delivery = delivery_lines(terminal, alerts);
    if !delivery.is_empty() {
        lines.push(Line::default());
        lines.extend(delivery);
    }
    lines
}

fn verdict(terminal: Terminal, stack: &str, alerts: &Alerts) -> Screen {
    let firing: Vec<&Alert> = alerts.alerts.iter().filter(|alert| is_firing(alert)).collect();
    let mut names: Vec<&str> = Vec::new();
    for alert in &firing {
        if !names.contains(&alert.name.as_str()) {
            names.push(&alert.name);
        }
    }
    let pending = alerts.count(|state| *state == AlertState::Pending);
    let suppressed = alerts.count(|state| matches!(state, AlertState::Suppressed(_)));
    let others = [(pending, "pending"), (suppressed, "suppressed")].into_iter();
    let others: Vec<String> =
        others.filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}")).collect();
    let others = others.concat();
    let is_unanswered = !alerts.unanswered.is_empty();
    let (mark, text) = if let [only] = alerts.unanswered.as_slice()
        && firing.is_empty()
    {
        (Mark::Bad, format!("the alerts are not known: {only}"))
    } else if is_unanswered && firing.is_empty() {
        (Mark::Bad, "the alerts are not known".to_string())
    } else if firing.is_empty() {
        let mark = match pending {
            _ if is_delivery_open(alerts) => Mark::Pending,
            0 => Mark::Good,
            _ => Mark::Warning,
        };
        (mark, format!("no alert fires{others}"))
    } else {
        let is_critical = firing.iter().any(|alert| mark(alert) == Mark::Bad);
        let verb = if firing.len() == 1 { "fires" } else { "fire" };
        let text = format!("{} {verb}: {}{others}", counted(firing.len(), "alert"), names.join(", "));
        (if is_critical || is_unanswered { Mark::Bad } else { Mark::Warning }, text)
    };
    let first = terminal.row(0, mark).then(BOLD, stack).text(": ");
    let indent = terminal.mark_width();
    let mut lines = terminal.hanging(first, indent, Style::new(), &text);
    if alerts.unanswered.len() > 1 || !firing.is_empty() {
        let problem = |problem: &String| {
            terminal.hanging(terminal.row(2, Mark::Bad), 2 + indent, Style::new(), problem)
        };
        lines.extend(alerts.unanswered.iter().flat_map(problem));
    }
    lines
}

/// Returns an alert with what there is to read about it.
fn block(terminal: Terminal, alert: &Alert, is_verbose: bool) -> Screen {
    let first = terminal.row(2, mark(alert)).then(BOLD, &alert.name).text("  ");
    let mut lines = terminal.hanging(first, INDENT, Style::new(), &state(alert));
    if !alert.receivers.is_empty() {
        let text = format!("  routed to {}", alert.receivers.join(", "));
        match lines.as_mut_slice() {
            [only] if only.width() + Line::plain(&text).width() <= terminal.width() => {
                *only = only.clone().then(DIM, text);
            }
            _ => lines.extend(terminal.paragraph(INDENT, DIM, text.trim_start())),
        }
    }
    if let AlertState::Suppressed(by) = &alert.state {
        let by = by.iter().flat_map(|by| terminal.paragraph(INDENT, DIM, &format!("suppressed by {by}")));
        lines.extend(by);
    }
    let (summary, description) = (alert.annotation("summary"), alert.annotation("description"));
    let texts = if is_verbose { [summary, description] } else { [summary.or(description), None] };
    lines.extend(texts.into_iter().flatten().flat_map(|text| terminal.paragraph(INDENT, Style::new(), text)));
    let runbook = alert.annotation("runbook_url").map(|place| format!("runbook    {place}"));
    let dashboard = alert.annotation("dashboard_url").map(|place| format!("dashboard  {place}"));
    let places = [runbook, dashboard].into_iter().flatten();
    lines.extend(places.flat_map(|place| terminal.paragraph(INDENT, DIM, &place)));
    if is_verbose {
        let labels: Vec<String> = alert.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let first = Line::plain(" ".repeat(INDENT)).then(DIM, "labels     ");
        lines.extend(terminal.list(first, DIM, &labels));
    }
    lines
}

/// Returns what was observed of the way to Alertmanager and to the receivers.
fn delivery_lines(terminal: Terminal, alerts: &Alerts) -> Screen {
    let mut lines = Vec::new();
    let mut line = |mark, text: &str| {
        let first = terminal.row(0, mark);
        lines.extend(terminal.hanging(first, terminal.mark_width(), Style::new(), text));
    };
    match &alerts.delivery {
        Some(since) => line(
            Mark::Good,
            &format!(
                "Prometheus reaches Alertmanager: {WATCHDOG} has arrived and fires {}",
                since_text(since)
            ),
        ),
        None if is_delivery_open(alerts) => {
            line(Mark::Pending, &format!("{WATCHDOG} has not arrived at Alertmanager yet"));
        }
        None => {}
    }
    match alerts.deliveries.as_deref() {
        Some([]) => line(Mark::Pending, "no notification was sent since Alertmanager started"),
        Some(deliveries) => {
            for delivery in deliveries {
                let mark = if delivery.failed > 0 { Mark::Warning } else { Mark::Good };
                line(mark, &format!("{} since Alertmanager started", delivered(delivery)));
            }
        }
        None => {}
    }
    lines
}

/// Returns whether Alertmanager answered, and the watchdog is not among its alerts.
fn is_delivery_open(alerts: &Alerts) -> bool {
    alerts.deliveries.is_some() && alerts.delivery.is_none()
}

fn delivered(delivery: &Delivery) -> String {
    let failed = match delivery.failed {
        0 => String::new(),
        1 => ", 1 attempt failed".into(),
        failed => format!(", {failed} attempts failed"),
    };
    format!("{}: {} delivered{failed}", delivery.integration, delivery.delivered)
}

fn is_firing(alert: &Alert) -> bool {
    matches!(alert.state, AlertState::Firing | AlertState::NotArrived)
}

fn mark(alert: &Alert) -> Mark {
    match (&alert.state, alert.label("severity")) {
        (AlertState::Pending | AlertState::Suppressed(_), _) => Mark::Pending,
        (_, Some("critical")) => Mark::Bad,
        _ => Mark::Warning,
    }
}

fn state(alert: &Alert) -> String {
    let since = since_text(&alert.since);
    let severity = alert.label("severity").map(|severity| format!(", {severity}")).unwrap_or_default();
    match alert.state {
        AlertState::Firing => format!("fires {since}{severity}"),
        AlertState::NotArrived => format!("fires {since}{severity}, not at Alertmanager"),
        AlertState::Pending => format!("pending {since}{severity}"),
        AlertState::Suppressed(_) => format!("suppressed, fires {since}{severity}"),
    }
}

/// Returns an age such as `for 1m 20s`, or the moment if the age is not known.
fn since_text(since: &Since) -> String {
    match since.age {
        Some(age) => format!("for {}", span(age)),
        None => format!("since {}", since.moment),
    }
}

/// Returns the two largest units of a time.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(units.len() - 1);
    let (unit, name) = units[first];
    match units.get(first + 1).map(|(smaller, name)| (seconds % unit / smaller, name)) {
        Some((rest @ 1.., smaller)) => format!("{}{name} {rest}{smaller}", seconds / unit),
        _ => format!("{}{name}", seconds / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{at_all_widths, in_colour, terminal};

    fn since(seconds: u64) -> Since {
        Since { moment: "2026-11-24T10:00:00Z".into(), age: Some(Duration::from_secs(seconds)) }
    }

    fn alert(name: &str, severity: &str, state: AlertState, summary: &str) -> Alert {
        let pair = |key: &str, value: &str| (key.to_string(), value.to_string());
        Alert {
            name: name.into(),
            receivers: if state == AlertState::Pending { vec![] } else { vec!["tdd-webhook".into()] },
            state,
            since: since(80),
            labels: vec![pair("alertname", name), pair("severity", severity)],
            annotations: vec![
                pair("summary", summary),
                pair("description", "Prometheus gets no answer. The value is 0."),
                pair("runbook_url", &format!("config/monitoring/README.md#{}", name.to_lowercase())),
                pair("dashboard_url", "http://127.0.0.1:3000/d/tdd-main"),
            ],
        }
    }

    fn quiet() -> Alerts {
        let delivery = Delivery { integration: "webhook".into(), delivered: 3, failed: 0 };
        Alerts { delivery: Some(since(7500)), deliveries: Some(vec![delivery]), ..Alerts::default() }
    }

    fn burning() -> Alerts {
        let by = "silence by me until 2026-11-24T12:00:00Z: it is known since the release of yesterday"
            .to_string();
        let summary = "The application does not answer on streamlit-app, so nothing else of it is observed";
        let mut deaf = alert("AlertDeliveryFailing", "critical", AlertState::NotArrived, "webhook rejects");
        deaf.receivers = Vec::new();
        Alerts {
            alerts: vec![
                alert("ApplicationDown", "critical", AlertState::Firing, summary),
                deaf,
                alert(
                    "DatabaseConnectionFailure",
                    "warning",
                    AlertState::Firing,
                    "57 failed connections to orders",
                ),
                alert("SlowQueries", "warning", AlertState::Pending, "queries take 2 s"),
                alert("MemoryUsageHigh", "warning", AlertState::Suppressed(vec![by]), "memory at 96 %"),
            ],
            deliveries: Some(vec![Delivery { integration: "webhook".into(), delivered: 1, failed: 2 }]),
            ..quiet()
        }
    }

    #[test]
    fn watchdog_alone_is_no_problem() {
        insta::assert_snapshot!(
            "alerts_none",
            at_all_widths(|terminal| screen(terminal, "tdd", &quiet(), false))
        );
    }

    #[test]
    fn each_alert_is_a_block() {
        insta::assert_snapshot!(
            "alerts_firing",
            at_all_widths(|terminal| screen(terminal, "tdd", &burning(), false))
        );
    }

    #[test]
    fn labels_and_descriptions_come_on_request() {
        insta::assert_snapshot!(
            "alerts_verbose",
            at_all_widths(|terminal| screen(terminal, "tdd", &burning(), true))
        );
    }

    #[test]
    fn open_and_unanswered_questions_are_no_good_news() {
        let open = Alerts { delivery: None, deliveries: Some(Vec::new()), ..quiet() };
        let problem = "cannot query Alertmanager: it is not running (exited)".to_string();
        let unanswered = Alerts { unanswered: vec![problem.clone()], ..Alerts::default() };
        let partial = Alerts { unanswered: vec![problem], deliveries: None, delivery: None, ..burning() };
        let shown = [open, unanswered, partial]
            .map(|alerts| at_all_widths(|terminal| screen(terminal, "tdd", &alerts, false)));
        insta::assert_snapshot!("alerts_open", shown.join("\n"));
    }

    #[test]
    fn severities_have_colours() {
        insta::assert_snapshot!(
            "alerts_colours",
            in_colour(&screen(terminal(80, true), "tdd", &burning(), false))
        );
    }

    #[test]
    fn span_has_two_units() {
        let spans = [0, 59, 60, 80, 3600, 7500, 90_000].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0s", "59s", "1m", "1m 20s", "1h", "2h 5m", "1d 1h"]);
    }
}
