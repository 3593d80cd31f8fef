//! Makes what others wrote fit for a terminal: log lines, answers, contents and names of files.
//!
//! A control character is shown as JSON writes it, so that an escaped JSON text still says the same.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

/// Returns a text whose control characters, but for line ends and tabs, are written out: `\u001b` for an escape.
pub fn text(text: &str) -> Cow<'_, str> {
    written_out(text, |c| is_control(c) && !matches!(c, '\n' | '\t'))
}

/// Returns a text of one line: line ends and tabs are written out too.
pub fn line(text: &str) -> Cow<'_, str> {
    written_out(text, is_control)
}

/// Returns a path as one line; bytes that are no text become `�`.
pub fn path(path: &Path) -> String {
    line(&path.to_string_lossy()).into_owned()
}

/// Returns whether a character acts on a terminal instead of being shown; those that turn the direction of writing do.
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
            // Writing to a text cannot fail.
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
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(
            text("a\u{1b}[31mb\r\n\tc\u{7f}\u{9b}2J\u{202e}"),
            "a\\u001b[31mb\\u000d\n\tc\\u007f\\u009b2J\\u202e"
        );
        assert_eq!(line("a\nb\tc"), "a\\u000ab\\u0009c");
    }

    #[test]
    fn what_only_is_shown_stays() {
        assert!(matches!(text("grün, 漢字, 🙂, {} %s\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_says_the_same_before_and_after() {
        let value = serde_json::json!({"a": "x\u{9b}2J\u{7f}\u{1b}\u{202e}\n"});
        let shown = text(&format!("{value:#}")).into_owned();
        assert!(!shown.contains(['\u{9b}', '\u{7f}', '\u{202e}']), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_path_is_one_line_of_text() {
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"a\n\x1bb\xff"));
        assert_eq!(path(odd), "a\\u000a\\u001bb\u{fffd}");
    }
}
