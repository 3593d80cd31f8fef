//! Renders a screen on terminals of several widths, for snapshots.

use super::screen::{Screen, Terminal};

/// Returns a terminal of a width.
pub(super) fn terminal(columns: usize, is_unicode: bool) -> Terminal {
    let locale = if is_unicode { "en_US.UTF-8" } else { "C" };
    Terminal::new(Some(columns), |name| (name == "LANG").then(|| locale.to_string()))
}

/// Returns a screen at 60, 80 and 120 columns, with and without UTF-8. Fails if a line is too long.
pub(super) fn at_all_widths(screen: impl Fn(Terminal) -> Screen) -> String {
    let mut text = String::new();
    for is_unicode in [true, false] {
        for columns in [60, 80, 120] {
            let glyphs = if is_unicode { "UTF-8" } else { "plain" };
            text.extend(["----- ", &columns.to_string(), " columns, ", glyphs, "\n"]);
            for line in screen(terminal(columns, is_unicode)) {
                let bare = line.bare();
                // A command to copy is never broken, nor is a word.
                let may_be_long = bare.contains(": tdd-stack ") || bare.split_whitespace().count() <= 3;
                assert!(line.width() <= columns || may_be_long, "longer than {columns} columns: {bare}");
                text.push_str(&bare);
                text.push('\n');
            }
        }
    }
    text
}

/// Returns a screen with its colours, in which `^` represents the escape character.
pub(super) fn in_colour(screen: &Screen) -> String {
    let lines: Vec<String> = screen.iter().map(|line| line.to_string().replace('\u{1b}', "^")).collect();
    lines.join("\n")
}
