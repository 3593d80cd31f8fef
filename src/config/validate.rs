//! Validates a file's text before other code parses it: syntax, size with expanded aliases, number of
//! documents and duplicate keys.
//!
//! It builds no values: the text is visited and measured, so a few hundred bytes that expand to gigabytes are
//! rejected within milliseconds.

mod limits;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::de::DeserializeSeed;

use crate::error::ConfigFault;
use limits::Limits;

/// The largest accepted file, in bytes: ten thousand alerting rules fit.
pub const LONGEST: u64 = 2 * 1024 * 1024;

/// The largest accepted size with all aliases expanded, in characters and values.
const HEAVIEST: usize = 4 * 1024 * 1024;

/// The parser's time grows with the square of the open brackets, so more than this are rejected.
const MOST_BRACKETS: usize = 4096;

const TOO_DEEP: &str = "too deeply nested (more than 128 levels), or an alias contains itself";
const TOO_HEAVY: &str = "aliases expand to too much text: use fewer aliases";

/// The messages of `yaml_serde` 0.10.7 at its own limits (`src/error.rs`); it has no error codes.
const PARSER_TOO_DEEP: &str = "recursion limit exceeded";
const PARSER_TOO_HEAVY: &str = "repetition limit exceeded";

/// An error in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFault {
    /// The line, counted from 1, if it is known.
    pub line: Option<u64>,
    /// The problem, and what is valid.
    pub reason: String,
}

impl ContentFault {
    /// Returns the error of the file that has the text.
    pub fn in_file(self, file: PathBuf) -> ConfigFault {
        ConfigFault { file, line: self.line, reason: self.reason }
    }
}

/// The content of a valid text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No value: empty, or comments only.
    Empty,
    /// A value.
    Filled,
}

/// Returns the error in a file that a service reads. Files other than YAML and JSON are not checked.
pub fn fault(name: &str, text: &str) -> Option<ContentFault> {
    let shape = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "yml" | "yaml" => yaml(text),
        "json" => json(text),
        _ => return None,
    };
    match shape {
        Err(fault) => Some(fault),
        Ok(Shape::Filled) => None,
        Ok(Shape::Empty) => Some(ContentFault {
            line: None,
            reason: "the file is empty: remove it, and `tdd-stack up` writes the shipped version".into(),
        }),
    }
}

/// Returns the content of a YAML text, or its first error.
pub fn yaml(text: &str) -> Result<Shape, ContentFault> {
    let text = strip_bom(text);
    if let Some(line) = too_deep(text) {
        return Err(ContentFault { line: Some(line), reason: TOO_DEEP.into() });
    }
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else { return Ok(Shape::Empty) };
    let census = Limits::new(HEAVIEST);
    if let Err(error) = census.deserialize(first) {
        // The parser returns an error for a text without a value.
        if error.location().is_none() && census.is_empty() && is_blank(text) {
            return Ok(Shape::Empty);
        }
        let reason = error.to_string();
        let line = error.location().and_then(|place| u64::try_from(place.line()).ok());
        return Err(match () {
            // The location is the last expanded alias, which is not the cause.
            () if census.is_too_heavy() || reason.starts_with(PARSER_TOO_HEAVY) => {
                ContentFault { line: None, reason: TOO_HEAVY.into() }
            }
            () if reason.contains(PARSER_TOO_DEEP) => ContentFault { line, reason: TOO_DEEP.into() },
            () => ContentFault { line, reason },
        });
    }
    if documents.next().is_some() {
        return Err(ContentFault {
            line: second_document(text),
            reason: "a second document begins here, but only the first is read: merge them into one".into(),
        });
    }
    Ok(if census.is_empty() { Shape::Empty } else { Shape::Filled })
}

/// Returns the content of a JSON text, or its first error.
pub fn json(text: &str) -> Result<Shape, ContentFault> {
    if text.starts_with('\u{feff}') {
        let reason =
            "the file begins with a byte order mark: save it as UTF-8 without a byte order mark".into();
        return Err(ContentFault { line: Some(1), reason });
    }
    if text.trim().is_empty() {
        return Ok(Shape::Empty);
    }
    let census = Limits::new(HEAVIEST);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = census.deserialize(&mut reader).and_then(|()| reader.end());
    match read {
        Ok(()) => Ok(Shape::Filled),
        Err(error) => Err(ContentFault {
            line: u64::try_from(error.line()).ok().filter(|line| *line > 0),
            reason: format!("invalid JSON: {error}"),
        }),
    }
}

/// Returns a text without its byte order mark, which some editors add and the parser takes for a separate
/// document.
pub fn strip_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Returns the first line whose nesting is too deep for the parser.
fn too_deep(text: &str) -> Option<u64> {
    let mut brackets: usize = 0;
    for (number, line) in (1..).zip(text.lines()) {
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => brackets += 1,
                b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            // Brackets in quoted strings count too, but never reach this number.
            if brackets > MOST_BRACKETS {
                return Some(number);
            }
        }
        let items = line.split_ascii_whitespace().take_while(|word| matches!(*word, "-" | "?" | ":"));
        if items.count() > 128 {
            return Some(number);
        }
    }
    None
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// Returns the line on which the second document begins.
fn second_document(text: &str) -> Option<u64> {
    let mut has_content = false;
    for (number, line) in (1..).zip(text.lines()) {
        let rest = line.strip_prefix("---").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if rest.is_some() && has_content {
            return Some(number);
        }
        let words = rest.unwrap_or(line).trim();
        // A document begins with its own marker, even if nothing follows it.
        has_content |=
            rest.is_some() || !(words.is_empty() || words.starts_with(['#', '%']) || words == "...");
    }
    None
}
