//! Errors, with their causes and their hint.

use std::borrow::Cow;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::printer::{columns, object, say, say_lines};
use super::schema;
use super::screen::{Line, Terminal};
use crate::config::settings::OutputFormat;
use crate::error::Error;
use crate::error::chain::causes;
use crate::model::sanitize;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints an error, its causes and its hint; with JSON output, as an object on standard output too.
///
/// `diagnostics` is the folder of its diagnostics, or why there is none.
pub fn error(
    error: &Error,
    output: Option<OutputFormat>,
    diagnostics: Option<std::result::Result<&Path, &str>>,
) {
    let terminal = Terminal::new(columns(&std::io::stderr()), |_| None);
    let lines: Vec<Line> =
        error_text(error).lines().flat_map(|line| styled(terminal, &clipped(line))).collect();
    say_lines(&lines);
    let path = match diagnostics {
        Some(Ok(path)) => {
            say(&format!("diagnostics: {}", path.display()));
            Some(path)
        }
        Some(Err(reason)) => {
            say(&format!("note: no diagnostics are kept: {reason}"));
            None
        }
        None => None,
    };
    if output == Some(OutputFormat::Json) {
        object(&schema::error(error, path));
    }
}

/// Returns a line of an error, broken at the terminal's width.
fn styled(terminal: Terminal, line: &str) -> Vec<Line> {
    let text = line.trim_start();
    let start = Line::plain(&line[..line.len() - text.len()]);
    for (label, style) in [("error:", ERROR), ("hint:", HINT)] {
        if let Some(rest) = text.strip_prefix(label) {
            return terminal.continued(start.then(style, label).text(" "), Style::new(), rest.trim_start());
        }
    }
    terminal.continued(start, Style::new(), text)
}

/// Returns an error as it is printed, with its causes and its hint.
pub fn error_text(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut last = error.to_string();
    for cause in causes(error) {
        let next = cause.to_string();
        // Each cause once: some libraries repeat the text of their source.
        if !last.contains(&next) {
            text.push_str(&indented(&next));
        }
        last = next;
    }
    for further in error.of_clean_up() {
        text.push_str(&indented(&format!("in the clean-up: {}", further.in_one_line())));
    }
    if let Some(hint) = error.hint() {
        text.push_str(&indented(&format!("hint: {hint}")).replacen("  ", "", 1));
    }
    text
}

/// Prints a refusal of the command line whose words would act on the terminal, and returns whether it is such a one.
pub fn refusal(text: &str) -> bool {
    let acts = matches!(sanitize::text(text), Cow::Owned(_));
    if acts {
        say(text.trim_end());
    }
    acts
}

/// Returns a line, without its middle where it is longer than anybody reads: a key of a file may have megabytes.
fn clipped(line: &str) -> String {
    const KEPT: usize = 1000;
    let count = line.chars().count();
    if count <= 4 * KEPT {
        return line.to_string();
    }
    let (first, last): (String, String) =
        (line.chars().take(KEPT).collect(), line.chars().skip(count - KEPT).collect());
    format!("{first} … ({} characters) … {last}", count - 2 * KEPT)
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}\n")).collect();
    lines.concat()
}
