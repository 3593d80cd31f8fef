//! How far each alert of a drill came.

use std::time::Duration;

use anstyle::Style;

use crate::drill::trace::{AlertTrace, Stage};
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, RED, Screen, Terminal};

impl Printer {
    /// Prints how far each alert of a drill came.
    pub fn drill(&self, stack: &str, traces: &[AlertTrace], total: Duration) {
        self.result(|terminal| screen(terminal, traces, total), || schema::drill(stack, traces, total));
    }
}

fn screen(terminal: Terminal, traces: &[AlertTrace], total: Duration) -> Screen {
    let mut lines = verdict(terminal, traces, total);
    let table = |gap| terminal.table(0, gap, &rows(traces), |column| column > 0);
    lines.push(Line::default());
    match table(2).or_else(|| table(1)) {
        Some(table) => lines.extend(table),
        None => lines.extend(traces.iter().flat_map(|trace| block(terminal, trace))),
    }
    lines.push(Line::default());
    let note = "seconds since the fault began; resolved: since it ended";
    lines.extend(terminal.paragraph(0, DIM, note));
    lines
}

fn verdict(terminal: Terminal, traces: &[AlertTrace], total: Duration) -> Screen {
    let missed: Vec<&AlertTrace> = traces.iter().filter(|trace| trace.missed().is_some()).collect();
    let arrived = traces.len() - missed.len();
    let verb = if traces.len() == 1 { "alert was" } else { "alerts were" };
    let text = format!("{arrived} of {} {verb} delivered in {:.0}s", traces.len(), total.as_secs_f64());
    let mark = if missed.is_empty() { Mark::Good } else { Mark::Bad };
    let mut lines = vec![terminal.row(0, mark).text(text)];
    let indent = 2 + terminal.mark_width();
    for (index, trace) in missed.iter().enumerate() {
        let fault = trace.fault().unwrap_or_default();
        lines.extend(terminal.hanging(terminal.row(2, Mark::Bad), indent, Style::new(), &fault));
        // Alerts that stopped at one place have one fix.
        let is_shared = missed.get(index + 1).is_some_and(|next| next.missed() == trace.missed());
        let fix = trace.fix().filter(|_| !is_shared);
        let first = Line::plain(" ".repeat(indent)).then(BOLD, "Fix:").text(" ");
        lines.extend(fix.into_iter().flat_map(|fix| terminal.continued(first.clone(), Style::new(), fix)));
    }
    lines
}

/// Returns the table: a row for each alert, a column for each stage.
fn rows(traces: &[AlertTrace]) -> Vec<Vec<Line>> {
    let header = std::iter::once("alert").chain(Stage::ALL.map(name));
    let mut rows = vec![header.map(|text| Line::of(DIM, text)).collect()];
    for trace in traces {
        let mut row = vec![Line::plain(trace.alert)];
        row.extend(Stage::ALL.map(|stage| time(trace, stage)));
        rows.push(row);
    }
    rows
}

/// Returns an alert in several lines, where the table does not fit.
fn block(terminal: Terminal, trace: &AlertTrace) -> Screen {
    let mark = if trace.missed().is_some() { Mark::Bad } else { Mark::Good };
    let first = terminal.row(0, mark).then(BOLD, trace.alert);
    let times: Vec<String> =
        Stage::ALL.map(|stage| format!("{} {}", name(stage), time(trace, stage).bare())).to_vec();
    let second = Line::plain(" ".repeat(terminal.mark_width()));
    std::iter::once(first).chain(terminal.list(second, Style::new(), &times)).collect()
}

/// Returns a time with one decimal, `-` for what does not happen, `never` for what should have happened.
fn time(trace: &AlertTrace, stage: Stage) -> Line {
    match trace.stages.get(&stage) {
        Some(time) => Line::plain(format!("{:.1}s", time.as_secs_f64())),
        None if stage == Stage::Resolved && !trace.resolves => Line::of(DIM, "-"),
        None => Line::of(RED, "never"),
    }
}

/// Returns a stage's name as people read it.
fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Alertmanager => "Alertmanager",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::WATCHDOG;
    use crate::output::samples::{at_all_widths, in_colour, terminal};

    fn trace(alert: &'static str, times: &[f64]) -> AlertTrace {
        let mut trace = AlertTrace::new(alert);
        for (stage, time) in Stage::ALL.into_iter().zip(times) {
            trace.reach(stage, Duration::from_secs_f64(*time));
        }
        trace
    }

    fn delivered() -> Vec<AlertTrace> {
        vec![
            trace(WATCHDOG, &[0.0, 0.0, 0.0, 0.1, 12.4]),
            trace("DatabaseConnectionFailure", &[2.0, 2.6, 61.6, 61.7, 71.6, 260.9]),
            trace("SlowQueries", &[2.0, 2.6, 6.6, 6.6, 7.6, 19.9]),
        ]
    }

    fn missed() -> Vec<AlertTrace> {
        let mut traces = delivered();
        traces.push(trace("HighErrorRate", &[2.0, 2.6, 6.6, 6.6]));
        traces.push(trace("MemoryUsageHigh", &[3.0, 3.6, 7.6, 7.6]));
        traces
    }

    #[test]
    fn delivered_alerts_are_a_table() {
        let total = Duration::from_secs(271);
        insta::assert_snapshot!("drill", at_all_widths(|terminal| screen(terminal, &delivered(), total)));
    }

    #[test]
    fn missed_alerts_are_named_with_their_stage() {
        let total = Duration::from_secs(271);
        insta::assert_snapshot!("drill_missed", at_all_widths(|terminal| screen(terminal, &missed(), total)));
        let one = [trace("SlowQueries", &[2.0])];
        insta::assert_snapshot!("drill_one", at_all_widths(|terminal| screen(terminal, &one, total)));
    }

    #[test]
    fn missed_stage_is_red() {
        let shown = screen(terminal(80, true), &missed(), Duration::from_secs(271));
        insta::assert_snapshot!("drill_colours", in_colour(&shown));
    }
}
