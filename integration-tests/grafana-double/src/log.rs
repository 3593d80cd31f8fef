//! Writes the log to standard output in the format of Grafana's console log.
//!
//! A closed output is not an error: the line is lost, and the server continues.

use std::fmt::Display;
use std::io::Write;

use crate::name::NAME;
use crate::time;

/// The level of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    /// Normal operation.
    Info,
    /// A possible problem.
    Warn,
    /// A failure.
    Error,
}

/// Writes the first line, which identifies the double.
pub(crate) fn announce() {
    let fields: [(&str, &dyn Display); 1] = [("double", &NAME)];
    line(Level::Info, "double", "This is a test double of Grafana's HTTP API, not Grafana", &fields);
}

/// Writes one line of the log.
pub(crate) fn line(level: Level, logger: &str, message: &str, fields: &[(&str, &dyn Display)]) {
    let level = match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    let now = time::rfc3339_nanos(time::now_ms());
    let mut text = format!("logger={} t={now} level={level} msg={}", quoted(logger), quoted(message));
    for (name, value) in fields {
        text.push(' ');
        text.push_str(name);
        text.push('=');
        text.push_str(&quoted(&value.to_string()));
    }
    raw(&text);
}

/// Writes a line unchanged, for messages that Grafana's entry point prints without its logger.
pub(crate) fn raw(text: &str) {
    // Nothing can report that the output is closed.
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=');
    if value.chars().all(plain) { value.to_string() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_special_values_are_quoted() {
        assert_eq!(quoted("http.server"), "http.server");
        assert_eq!(quoted("[::]:3000"), "[::]:3000");
        assert_eq!(quoted("two words"), "\"two words\"");
        assert_eq!(quoted("a=\"b\"\n"), "\"a=\\\"b\\\"\\n\"");
    }
}
