//! Lines of logs.

use std::io::Write;

use crate::model::log::LogRecord;
use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;

impl Printer {
    /// Prints a line of a service's log and returns whether standard output is still open. `width` is that of the
    /// service's column.
    pub fn log_line(&self, service: &str, width: usize, record: &LogRecord) -> bool {
        let shown = if self.is_json() {
            schema::line(&schema::log(service, record))
        } else {
            // A line end inside a line would let a service print lines in the name of another one.
            let lines: Vec<String> =
                record.text.split('\n').map(|line| format!("{service:width$} | {line}")).collect();
            lines.join("\n")
        };
        writeln!(std::io::stdout(), "{}", sanitize::text(&shown)).is_ok()
    }
}
