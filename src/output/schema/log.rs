//! A line of `logs --output json`.

use serde::Serialize;

use crate::model::log::LogRecord;

/// A log line.
#[derive(Debug, Serialize)]
pub(crate) struct LogDocument<'a> {
    /// `tdd-stack.log/1`.
    schema: &'static str,
    /// The service that wrote the line.
    service: &'a str,
    /// The time of the line in RFC 3339, null if the engine gives none.
    time: Option<&'a str>,
    /// `stdout` or `stderr`.
    stream: &'static str,
    /// The text of the line.
    line: &'a str,
}

pub(crate) fn log<'a>(service: &'a str, record: &'a LogRecord) -> LogDocument<'a> {
    LogDocument {
        schema: "tdd-stack.log/1",
        service,
        time: record.time.as_deref(),
        stream: record.stream.word(),
        line: &record.text,
    }
}
