//! Makes foreign text safe for a terminal: log lines, answers, contents and names of files.
//!
//! A control character becomes its JSON escape, so an escaped JSON text keeps its value.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// Returns a text with its control characters escaped, except line ends and tabs: `\u001b` for ESC.
pub fn text(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_control(c) && !matches!(c, '\n' | '\t'))
}

/// Returns a text as one line; line ends and tabs are escaped too.
pub fn line(text: &str) -> Cow<'_, str> {
    written_out(text, is_control)
}

/// Returns a path as one line; bytes that are not UTF-8 become `�`.
pub fn path(path: &Path) -> String {
    line(&path.to_string_lossy()).into_owned()
}

/// Returns whether a terminal interprets a character instead of showing it. Characters that change the
/// writing direction count too.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn written_out(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            // Writing to a string cannot fail.
            write!(shown, "\\u{:04x}", u32::from(c)).ok();
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn text_escapes_control_characters() {
        assert_eq!(
            text("a\u{1b}[31mb\r\n\tc\u{7f}\u{9b}2J\u{202e}"),
            "a\\u001b[31mb\\u000d\n\tc\\u007f\\u009b2J\\u202e"
        );
        assert_eq!(line("a\nb\tc"), "a\\u000ab\\u0009c");
    }

    #[test]
    fn text_keeps_printable_characters() {
        assert!(matches!(text("grün, 漢字, 🙂, {} %s\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_keeps_the_value_of_json() {
        let value = serde_json::json!({"a": "x\u{9b}2J\u{7f}\u{1b}\u{202e}\n"});
        let shown = text(&format!("{value:#}")).into_owned();
        assert!(!shown.contains(['\u{9b}', '\u{7f}', '\u{202e}']), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn path_becomes_one_line() {
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"a\n\x1bb\xff"));
        assert_eq!(path(odd), "a\\u000a\\u001bb\u{fffd}");
    }
}
