//! What people and scripts see: results on standard output, messages on standard error.
//!
//! It never sees effects: it is given values and events.

mod errors;
mod printer;
mod progress;
mod results;
#[cfg(test)]
mod samples;
mod schema;
mod screen;
mod usage;
mod words;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::Value;

pub use errors::{error, error_text, refusal};
pub use printer::Printer;
pub(crate) use progress::{LocalModes, TerminalModeGuard};
pub use results::{
    CheckReport, DemoScreen, FileOutcome, FileReport, Received, ReceivedAlert, Removed, Summary, Timing,
    Timings,
};
#[cfg(test)]
pub(crate) use schema::documentation;
pub use usage::{error_object, warning};

use crate::error::Error;
use crate::model::event::Event;
use crate::plan::Plan;

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
