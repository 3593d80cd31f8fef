//! A line of `logs --output json`.

use serde::Serialize;

/// A log line.
#[derive(Debug, Serialize)]
pub(crate) struct LogDocument<'a> {
    /// The service that wrote the line.
    service: &'a str,
    /// The text of the line.
    line: &'a str,
}

pub(crate) fn log<'a>(service: &'a str, line: &'a str) -> LogDocument<'a> {
    LogDocument { service, line }
}
