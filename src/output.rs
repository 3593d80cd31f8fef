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

use serde::Serialize;
use serde_json::Value;

pub use check::CheckReport;
pub use demo::{DemoScreen, Received, ReceivedAlert};
pub use errors::{error, error_text, refusal};
pub use files::{FileOutcome, FileReport};
pub use printer::Printer;
pub use removed::Removed;
#[cfg(test)]
pub(crate) use schema::documentation;
pub(crate) use terminal_mode::{LocalModes, TerminalModeGuard};
pub use up::{Summary, Timing, Timings};

use crate::error::Error;
use crate::model::event::Event;
use crate::model::sanitize;
use crate::plan::Plan;

/// Prints a log line and returns whether anybody still reads.
pub fn log_line(json: bool, service: &str, width: usize, text: &str) -> bool {
    let shown = if json {
        schema::line(&schema::log(service, text))
    } else {
        // A line end inside would let one service speak under another's name.
        let lines: Vec<String> = text.split('\n').map(|line| format!("{service:width$} | {line}")).collect();
        lines.join("\n")
    };
    writeln!(std::io::stdout(), "{}", sanitize::text(&shown)).is_ok()
}

/// Prints an object for scripts to standard output.
pub fn json(document: &impl Serialize) {
    printer::object(document);
}

/// Returns an object for scripts in one line.
pub fn json_line(document: &impl Serialize) -> String {
    schema::line(document)
}

/// Clears the screen, if there is one.
pub fn clear() {
    if std::io::stdout().is_terminal() {
        drop(std::io::stdout().write_all(b"\x1b[H\x1b[2J"));
    }
}

/// Returns an error as a JSON object.
pub fn error_document(error: &Error) -> Value {
    schema::value(&schema::error(error, None))
}

/// Returns a plan as a JSON object.
pub fn plan_document(stack: &str, plan: &Plan) -> Value {
    schema::value(&schema::plan(stack, plan, &[]))
}

/// Returns the line of an event as `--progress json` prints it, with its moment.
pub fn event_line(plan: &Plan, event: &Event, took: Duration, moment: &str) -> String {
    schema::line(&schema::event(plan, event, took, Some(moment)))
}
