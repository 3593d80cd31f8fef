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

/// Prints an error, its causes and its hint; with JSON output, as an object on standard output too.
///
/// `diagnostics` is the folder of its diagnostics, or why there is none.
pub fn error(
    error: &Error,
    output: Option<OutputFormat>,
    diagnostics: Option<std::result::Result<&Path, &str>>,
) {
    let terminal = Terminal::new(columns(&std::io::stderr()), |_| None);
    for part in parts(error) {
        let shown = |(label, style, line): (&str, Style, &str)| {
            let (line, word) = (clipped(line), label.trim_end());
            let text = line.trim_start();
            // A line of a list keeps its indent, also where it goes on below.
            let first =
                Line::of(style, word).text(&label[word.len()..]).text(&line[..line.len() - text.len()]);
            terminal.continued(first, Style::new(), text)
        };
        say_lines(&part.lines().flat_map(shown).collect::<Vec<_>>());
    }
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

/// A part of an error, and how it is introduced.
enum Part {
    Error(String),
    Cause(String),
    Hint(String),
}

impl Part {
    /// Returns the label of the part with its style, and the text.
    fn labelled(&self) -> (&'static str, Style, &str) {
        match self {
            Self::Error(text) => ("error: ", AnsiColor::Red.on_default().bold(), text),
            Self::Cause(text) => ("  ", Style::new(), text),
            Self::Hint(text) => ("hint: ", AnsiColor::Cyan.on_default().bold(), text),
        }
    }

    /// Returns the lines, each after its label or indent.
    fn lines(&self) -> impl Iterator<Item = (&'static str, Style, &str)> {
        let (label, style, text) = self.labelled();
        let further = if matches!(self, Self::Error(_)) { "" } else { "  " };
        let below = std::iter::repeat((further, Style::new()));
        let starts = std::iter::once((label, style)).chain(below);
        starts.zip(text.lines()).map(|((label, style), line)| (label, style, line))
    }
}

/// Returns an error with its causes, each once, and its hint.
fn parts(error: &Error) -> Vec<Part> {
    let mut last = error.to_string();
    let mut parts = vec![Part::Error(last.clone())];
    for cause in causes(error) {
        let next = cause.to_string();
        // Some libraries repeat the text of their source.
        if !last.contains(&next) {
            parts.push(Part::Cause(next.clone()));
        }
        last = next;
    }
    let further = error.of_clean_up().into_iter();
    parts.extend(further.map(|further| Part::Cause(format!("in the clean-up: {}", further.in_one_line()))));
    parts.extend(error.hint().map(Part::Hint));
    parts
}

/// Returns an error as it is printed, with its causes and its hint.
pub fn error_text(error: &Error) -> String {
    let mut text = String::new();
    for part in parts(error) {
        for (label, _, line) in part.lines() {
            text.extend([label, line, "\n"]);
        }
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
