//! What people and scripts see: results on standard output, messages on standard error.
//!
//! It never sees effects: it is given values and events.

mod alerts;
mod backup;
mod bundle;
mod check;
mod demo;
mod doctor;
mod drill;
mod errors;
mod files;
mod plan;
mod printer;
mod progress;
mod progress_json;
mod progress_live;
mod progress_plain;
mod removed;
#[cfg(test)]
mod samples;
mod schema;
mod screen;
mod status;
mod terminal_mode;
mod up;
mod versions;
mod words;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::Value;

pub use check::CheckReport;
pub use demo::{DemoScreen, Received, ReceivedAlert};
pub use errors::{error, error_text, refusal};
pub use files::{FileOutcome, FileReport};
pub use printer::Printer;
pub use removed::Removed;
pub(crate) use terminal_mode::{LocalModes, TerminalModeGuard};
pub use up::{Summary, Timing, Timings};

use crate::error::Error;
use crate::model::event::Event;
use crate::model::sanitize;
use crate::model::verification::Verification;
use crate::plan::Plan;

/// Prints a log line and returns whether anybody still reads.
pub fn log_line(json: bool, service: &str, width: usize, text: &str) -> bool {
    let shown = if json {
        serde_json::json!({"service": service, "line": text}).to_string()
    } else {
        // A line end inside would let one service speak under another's name.
        let lines: Vec<String> = text.split('\n').map(|line| format!("{service:width$} | {line}")).collect();
        lines.join("\n")
    };
    writeln!(std::io::stdout(), "{}", sanitize::text(&shown)).is_ok()
}

/// Clears the screen, if there is one.
pub fn clear() {
    if std::io::stdout().is_terminal() {
        drop(std::io::stdout().write_all(b"\x1b[H\x1b[2J"));
    }
}

/// Returns an error as a JSON object.
pub fn error_document(error: &Error) -> Value {
    schema::error(error)
}

/// Returns a plan as a JSON object.
pub fn plan_document(stack: &str, plan: &Plan) -> Value {
    schema::plan(stack, plan, &[])
}

/// Returns the line of an event as `--progress json` prints it, with its moment.
pub fn event_line(plan: &Plan, event: &Event, took: Duration, moment: &str) -> String {
    let mut object = progress_json::object(plan, event, took);
    object["time"] = moment.into();
    object.to_string()
}

/// Returns the verdict in one word and what it rests on.
fn verdict(proof: &Verification) -> (&'static str, Vec<String>) {
    use crate::model::verification::Verdict;
    match proof.verdict() {
        Verdict::Proven => ("proven", Vec::new()),
        Verdict::Pending(what) => ("pending", what),
        Verdict::Unhealthy(what) => ("blind", what),
    }
}
