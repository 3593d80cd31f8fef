//! Prints results and messages in the form that the user asked for.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::schema;
use super::screen::{Line, Screen, Terminal};
use crate::config::settings::{OutputFormat, ProgressFormat};
use crate::model::sanitize;

/// Prints results to standard output, and progress and messages to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    output: OutputFormat,
    pub(super) progress: ProgressFormat,
    pub(super) is_verbose: bool,
    /// What standard output can show.
    pub(super) results: Terminal,
    /// What standard error can show.
    pub(super) messages: Terminal,
}

impl Printer {
    /// Returns a printer; `variable` reads the environment, for the locale and the width.
    pub fn new(
        output: OutputFormat,
        progress: ProgressFormat,
        is_verbose: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            output,
            progress,
            is_verbose,
            results: Terminal::new(columns(&std::io::stdout()), &variable),
            messages: Terminal::new(columns(&std::io::stderr()), &variable),
        }
    }

    /// Prints a result: a screen for people, or an object for scripts.
    pub(super) fn result<D: Serialize>(
        &self,
        screen: impl FnOnce(Terminal) -> Screen,
        document: impl FnOnce() -> D,
    ) {
        match self.output {
            OutputFormat::Human => print(&screen(self.results)),
            OutputFormat::Json => object(&document()),
        }
    }

    /// Returns whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.output == OutputFormat::Json
    }

    /// Reports what a long operation does, unless progress is quiet.
    pub fn talk(&self, elapsed: Duration, text: &str) {
        match self.progress {
            ProgressFormat::Quiet => {}
            ProgressFormat::Json => {
                say(&schema::line(&schema::talk(elapsed, text)));
            }
            ProgressFormat::Auto | ProgressFormat::Bars | ProgressFormat::Plain => {
                say(&format!("{:>7.2}s  {text}", elapsed.as_secs_f64()));
            }
        }
    }

    /// Prints a note to standard error.
    pub fn note(&self, text: &str) {
        say(&format!("note: {text}"));
    }
}

/// Prints a screen to standard output, with its styles where they can be seen.
pub(super) fn print(screen: &[Line]) {
    let text = joined(screen);
    // A reader that closed the pipe has seen enough.
    drop(anstream::stdout().write_all(text.as_bytes()));
}

/// Prints an object to standard output.
pub(super) fn object<D: Serialize>(document: &D) {
    let text = serde_json::to_string_pretty(document).expect("documents have string keys");
    drop(writeln!(std::io::stdout(), "{}", sanitize::text(&text)));
}

/// Prints a line of foreign text to standard error.
pub(super) fn say(line: &str) {
    // A message that no one reads does not end the work.
    drop(writeln!(std::io::stderr(), "{}", sanitize::text(line)));
}

/// Prints lines to standard error, with their styles where they can be seen.
pub(super) fn say_lines(lines: &[Line]) {
    let text = joined(lines);
    drop(anstream::stderr().write_all(text.as_bytes()));
}

fn joined(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        writeln!(text, "{line}").ok();
    }
    text
}

/// Returns the columns of a stream that is a terminal.
pub(super) fn columns<S: std::os::fd::AsFd>(stream: &S) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    // A terminal that does not know its size says 0.
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}
