//! Errors, with their causes and their hint.

use std::borrow::Cow;
use std::path::Path;

use super::printer::{object, say};
use super::schema;
use crate::config::settings::OutputFormat;
use crate::error::Error;
use crate::error::chain::causes;
use crate::model::sanitize;

/// Prints an error, its causes and its hint; with JSON asked for, as an object on standard output too.
///
/// `evidence` is where evidence of it is, or why there is none.
pub fn error(
    error: &Error,
    output: Option<OutputFormat>,
    diagnostics: Option<std::result::Result<&Path, &str>>,
) {
    let lines: Vec<String> = error_text(error).trim_end().lines().map(clipped).collect();
    say(&lines.join("\n"));
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

/// Returns an error as it is printed, with its causes and its hint.
pub fn error_text(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    text.extend(causes(error).map(|cause| indented(&cause.to_string())));
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
