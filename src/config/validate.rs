//! Whether a file's text can be worked with at all, before anything else reads it: form, size once aliases are
//! followed, number of documents, keys that stand there twice.
//!
//! Builds nothing: a text is walked through and weighed, so that one of a few hundred bytes that stands for
//! gigabytes is refused within milliseconds.

mod limits;
#[cfg(test)]
mod tests;

use serde::de::DeserializeSeed;

use limits::Limits;

/// The longest file that is read, in bytes: ten thousand alerting rules fit into it.
pub const LONGEST: u64 = 2 * 1024 * 1024;

/// What a text may weigh once all aliases are followed, in characters and values.
const HEAVIEST: usize = 4 * 1024 * 1024;

/// More open brackets than this make the parser slow: its time grows with their square.
const MOST_BRACKETS: usize = 4096;

const TOO_DEEP: &str = "it is nested deeper than 128 levels, or an alias refers to what it stands in";
const TOO_HEAVY: &str = "its aliases stand for too much text: write fewer of them";

/// What `yaml_serde` 0.10.7 says at its own limits (`src/error.rs`); it gives no code.
const PARSER_TOO_DEEP: &str = "recursion limit exceeded";
const PARSER_TOO_HEAVY: &str = "repetition limit exceeded";

/// Why a text cannot be worked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFault {
    /// The line, counted from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// What a text without faults holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No value at all: nothing, or comments only.
    Empty,
    /// A value.
    Filled,
}

/// Returns what is wrong with a file that a service is to read; a file of another form than YAML and JSON is not
/// looked into.
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
            reason: "the file is empty: remove it, and the next `tdd-stack up` writes the shipped one".into(),
        }),
    }
}

/// Returns what a YAML text holds, or the first thing that is wrong with it.
pub fn yaml(text: &str) -> Result<Shape, ContentFault> {
    let text = strip_bom(text);
    if let Some(line) = too_deep(text) {
        return Err(ContentFault { line: Some(line), reason: TOO_DEEP.into() });
    }
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else { return Ok(Shape::Empty) };
    let census = Limits::new(HEAVIEST);
    if let Err(error) = census.deserialize(first) {
        // The parser has no value to give where there is none.
        if error.location().is_none() && census.is_empty() && is_blank(text) {
            return Ok(Shape::Empty);
        }
        let reason = error.to_string();
        let line = error.location().and_then(|place| u64::try_from(place.line()).ok());
        return Err(match () {
            // The place would be the last alias that was followed, which is not to blame.
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
            reason: "a second document begins here, and only the first would be read: put all into one"
                .into(),
        });
    }
    Ok(if census.is_empty() { Shape::Empty } else { Shape::Filled })
}

/// Returns what a JSON text holds, or the first thing that is wrong with it.
pub fn json(text: &str) -> Result<Shape, ContentFault> {
    if text.starts_with('\u{feff}') {
        let reason = "the file begins with a byte order mark: save it as UTF-8 without one".into();
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
            reason: format!("no valid JSON: {error}"),
        }),
    }
}

/// Returns a text without the byte order mark that some editors begin it with, and that the parser takes for a
/// document of its own.
pub fn strip_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Returns the first line that is nested so deeply that the parser must not see it.
fn too_deep(text: &str) -> Option<u64> {
    let mut brackets: usize = 0;
    for (number, line) in (1..).zip(text.lines()) {
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => brackets += 1,
                b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            // Brackets of quoted texts count too, and never come to so many.
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

/// Returns the line on which a second document begins.
fn second_document(text: &str) -> Option<u64> {
    let mut has_content = false;
    for (number, line) in (1..).zip(text.lines()) {
        let rest = line.strip_prefix("---").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if rest.is_some() && has_content {
            return Some(number);
        }
        let words = rest.unwrap_or(line).trim();
        // A document begins with its own mark, even where nothing follows it.
        has_content |=
            rest.is_some() || !(words.is_empty() || words.starts_with(['#', '%']) || words == "...");
    }
    None
}
