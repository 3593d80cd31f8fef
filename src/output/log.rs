//! Prints lines of logs.

use std::io::Write;

use serde_json::json;

use crate::model::log::LogRecord;
use crate::model::sanitize;

/// Prints a line of a service's log and returns whether standard output is still open. `width` is that of the service's
/// column.
pub fn log_line(json: bool, service: &str, width: usize, record: &LogRecord) -> bool {
    let shown = if json {
        let object = json!({
            "schema": "tdd-stack.log/1",
            "service": service,
            "time": record.time,
            "stream": record.stream.word(),
            "line": record.text,
        });
        object.to_string()
    } else {
        // A line end inside a line would let a service print lines in the name of another one.
        let lines: Vec<String> =
            record.text.split('\n').map(|line| format!("{service:width$} | {line}")).collect();
        lines.join("\n")
    };
    writeln!(std::io::stdout(), "{}", sanitize::text(&shown)).is_ok()
}
