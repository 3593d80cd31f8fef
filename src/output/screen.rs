//! Lines of styled text that fit a terminal.
//!
//! Text is sanitized when it enters a line, so a line never holds a control character.

use std::fmt;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};
use unicode_width::UnicodeWidthStr;

use crate::model::sanitize;

/// Details.
pub(super) const DIM: Style = Style::new().dimmed();
/// Headings and names.
pub(super) const BOLD: Style = Style::new().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();

/// The columns to which a screen is aligned where no terminal has a width.
const COLUMNS: usize = 80;
/// The fewest and the most columns that are used.
const LIMITS: (usize, usize) = (60, 120);

/// The columns of the names in rows of services.
pub(super) const NAMES: usize = 16;

/// What a stream can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// The columns, or `None` where lines may be as long as they are.
    columns: Option<usize>,
    is_unicode: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Good,
    Pending,
    Warning,
    Bad,
}

/// One line of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Style, String)>);

/// The lines of a result.
pub(super) type Screen = Vec<Line>;

impl Terminal {
    /// Returns what a stream can show; `columns` is its width if it is a terminal.
    ///
    /// `COLUMNS` sets the width of a stream that is not a terminal, and the locale decides about the glyphs.
    pub(super) fn new(columns: Option<usize>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let columns = columns.or_else(|| set("COLUMNS")?.parse().ok());
        Self {
            columns: columns.map(|columns| columns.clamp(LIMITS.0, usize::MAX)),
            is_unicode: locale.ends_with("utf-8") || locale.ends_with("utf8"),
        }
    }

    /// Returns the columns to which a screen is aligned.
    pub(super) fn width(self) -> usize {
        self.columns.unwrap_or(COLUMNS).min(LIMITS.1)
    }

    /// Returns a terminal that is narrower, so that its lines leave room for something at their end.
    pub(super) fn without(self, columns: usize) -> Self {
        Self { columns: self.columns.map(|all| all.saturating_sub(columns)), ..self }
    }

    /// Appends a text to a line, or puts it on a line of its own where it does not fit.
    pub(super) fn joined(self, line: Line, gap: usize, indent: usize, style: Style, text: &str) -> Vec<Line> {
        let whole = line.clone().text(" ".repeat(gap)).then(style, text);
        if self.columns.is_none_or(|columns| whole.width() <= columns) {
            return vec![whole];
        }
        vec![line, Line::plain(" ".repeat(indent)).then(style, text)]
    }

    /// Returns a mark with its colour.
    pub(super) fn mark(self, mark: Mark) -> Line {
        let (style, glyph, plain) = match mark {
            Mark::Good => (GREEN, "✔", "ok"),
            Mark::Pending => (DIM, "…", "..."),
            Mark::Warning => (YELLOW, "!", "!"),
            Mark::Bad => (RED, "✘", "x"),
        };
        Line::of(style, if self.is_unicode { glyph } else { plain })
    }

    /// Returns the columns that every mark takes, with the space after it.
    pub(super) fn mark_width(self) -> usize {
        if self.is_unicode { 2 } else { 4 }
    }

    /// Returns a row that begins with a mark, such as `✔ Grafana`; `indent` is in columns.
    pub(super) fn row(self, indent: usize, mark: Mark) -> Line {
        Line::plain(" ".repeat(indent)).and(self.mark(mark)).padded(indent + self.mark_width())
    }

    /// Returns a row of a service or a file, filled up to the column of its text.
    pub(super) fn named(self, indent: usize, mark: Mark, name: &str) -> Line {
        self.row(indent, mark).text(name).padded(indent + self.mark_width() + NAMES)
    }

    /// Returns whether glyphs beyond ASCII can be shown.
    pub(super) fn has_glyphs(self) -> bool {
        self.is_unicode
    }

    /// Returns the glyph between the items of a list in one line.
    pub(super) fn dot(self) -> &'static str {
        if self.is_unicode { " · " } else { ", " }
    }

    /// Returns a text in lines, each after `indent` columns; it is not broken where lines may be long.
    pub(super) fn paragraph(self, indent: usize, style: Style, text: &str) -> Vec<Line> {
        let line = |part: &str| Line::plain(" ".repeat(indent)).then(style, part);
        text.lines().flat_map(|text| self.broken(indent, text)).map(|part| line(&part)).collect()
    }

    /// Returns a line, and what it cannot hold of a text in further lines below the place where the text began.
    pub(super) fn continued(self, first: Line, style: Style, text: &str) -> Vec<Line> {
        let indent = first.width();
        let mut parts = text.lines().flat_map(|text| self.broken(indent, text));
        let mut lines = vec![first.then(style, parts.next().unwrap_or_default())];
        lines.extend(parts.map(|part| Line::plain(" ".repeat(indent)).then(style, part)));
        lines
    }

    /// Returns a line, and what it cannot hold of a text in further lines after `indent` columns.
    pub(super) fn hanging(self, first: Line, indent: usize, style: Style, text: &str) -> Vec<Line> {
        let text = text.lines().collect::<Vec<_>>().join(" ");
        let Some(columns) = self.columns else { return vec![first.then(style, text)] };
        let text = sanitize::line(&text);
        let (begin, blanks) = (" ".repeat(first.width()), " ".repeat(indent));
        let mut parts = wrapped(&text, columns, &begin, &blanks).into_iter();
        let beginning = parts.next().unwrap_or_default();
        let mut lines = vec![first.then(style, beginning.get(begin.len()..).unwrap_or_default())];
        lines.extend(parts.map(|part| Line::plain(&blanks).then(style, part.trim_start())));
        lines
    }

    /// Returns a line followed by items with dots between them, in as many lines as they need.
    ///
    /// Further lines begin below the place where the first item began. No item is broken.
    pub(super) fn list(self, first: Line, style: Style, items: &[String]) -> Vec<Line> {
        let indent = first.width();
        let mut lines = vec![first];
        for (index, item) in items.iter().enumerate() {
            let line = lines.pop().unwrap_or_default();
            let longer = if index == 0 { line.clone() } else { line.clone().then(DIM, self.dot()) };
            let longer = longer.then(style, item);
            if index > 0 && self.columns.is_some_and(|columns| longer.width() > columns) {
                lines.extend([line, Line::plain(" ".repeat(indent)).then(style, item)]);
            } else {
                lines.push(longer);
            }
        }
        lines
    }

    /// Returns rows of a table as lines: each column is as wide as its widest cell, `gap` apart.
    ///
    /// Returns `None` if they do not fit. `right` says which columns end at one place instead of beginning there.
    pub(super) fn table(
        self,
        indent: usize,
        gap: usize,
        rows: &[Vec<Line>],
        right: impl Fn(usize) -> bool,
    ) -> Option<Vec<Line>> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
        let widths: Vec<usize> =
            (0..columns).map(|column| cells(column).map(Line::width).max().unwrap_or_default()).collect();
        let total = indent + widths.iter().sum::<usize>() + gap * columns.saturating_sub(1);
        if total > self.columns.unwrap_or(usize::MAX) {
            return None;
        }
        let line = |row: &Vec<Line>| {
            let mut line = Line::plain(" ".repeat(indent));
            for (column, cell) in row.iter().enumerate() {
                let blanks = " ".repeat(widths[column] - cell.width());
                let between = if column == 0 { String::new() } else { " ".repeat(gap) };
                line = line.text(between);
                line = if right(column) {
                    line.text(blanks).and(cell.clone())
                } else {
                    line.and(cell.clone()).text(blanks)
                };
            }
            line
        };
        Some(rows.iter().map(line).collect())
    }

    fn broken(self, indent: usize, text: &str) -> Vec<String> {
        let text = sanitize::line(text);
        let Some(columns) = self.columns else { return vec![text.into_owned()] };
        // A place that is too narrow for words gets some room all the same.
        wrapped(&text, columns.saturating_sub(indent).max(20), "", "")
    }
}

/// Returns a text in lines. A command in backticks stays in one line if a line can hold it.
fn wrapped(text: &str, columns: usize, begin: &str, indent: &str) -> Vec<String> {
    const GLUE: &str = "\u{a0}";
    let glue = |(index, part): (usize, &str)| {
        let is_code = index % 2 == 1 && part.width() + indent.width() + 2 <= columns;
        if is_code { part.replace(' ', GLUE) } else { part.to_string() }
    };
    let glued = text.split('`').enumerate().map(glue).collect::<Vec<_>>().join("`");
    let options = Options::new(columns)
        .initial_indent(begin)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(&glued, options).into_iter().map(|line| line.replace(GLUE, " ")).collect()
}

impl Line {
    /// Returns a line without style.
    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self::of(Style::new(), text)
    }

    /// Returns a line of one style.
    pub(super) fn of(style: Style, text: impl AsRef<str>) -> Self {
        Self(vec![(style, sanitize::line(text.as_ref()).into_owned())])
    }

    /// Appends a text.
    pub(super) fn then(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.0.push((style, sanitize::line(text.as_ref()).into_owned()));
        self
    }

    /// Appends a text without style.
    pub(super) fn text(self, text: impl AsRef<str>) -> Self {
        self.then(Style::new(), text)
    }

    /// Appends a line.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Fills the line up to a column, with one space at least if there is any text.
    pub(super) fn padded(self, column: usize) -> Self {
        let width = self.width();
        let gap = column.saturating_sub(width).max(usize::from(width > 0));
        self.text(" ".repeat(gap))
    }

    /// Appends a text that ends at a column, with two spaces before it at least.
    pub(super) fn right(self, column: usize, style: Style, text: &str) -> Self {
        let gap = column.saturating_sub(self.width() + text.width()).max(2);
        self.text(" ".repeat(gap)).then(style, text)
    }

    /// Returns the line with all of it in one more style.
    pub(super) fn dimmed(self) -> Self {
        Self(self.0.into_iter().map(|(style, text)| (style.dimmed(), text)).collect())
    }

    /// Returns the columns that the line takes.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Returns the line without its styles and without blanks at its end.
    pub(super) fn bare(&self) -> String {
        let text: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
        text.trim_end().to_string()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        for (index, (style, text)) in self.0.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
            let text = if Some(index) == last { text.trim_end() } else { text };
            if *style == Style::new() {
                f.write_str(text)?;
            } else {
                write!(f, "{style}{text}{style:#}")?;
            }
        }
        Ok(())
    }
}

/// Returns a time as screens show it, such as `0.9s` or `2m 5s`.
pub(super) fn seconds(time: std::time::Duration) -> String {
    if time.as_secs() < 60 {
        return format!("{:.1}s", time.as_secs_f64());
    }
    format!("{}m {}s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(columns: Option<usize>, locale: &str) -> Terminal {
        Terminal::new(columns, |name| (name == "LANG").then(|| locale.to_string()))
    }

    #[test]
    fn glyphs_follow_the_locale() {
        assert_eq!(terminal(None, "en_US.UTF-8").mark(Mark::Good).bare(), "✔");
        assert_eq!(terminal(None, "C").mark(Mark::Good).bare(), "ok");
        let overridden = |name: &str| {
            Some(match name {
                "LC_ALL" => "C".to_string(),
                _ => "en_US.UTF-8".to_string(),
            })
        };
        assert_eq!(Terminal::new(None, overridden).mark(Mark::Bad).bare(), "x");
    }

    #[test]
    fn line_has_no_blanks_at_its_end() {
        let line = Line::of(GREEN, "a").padded(10).then(DIM, " ").text("  ");
        assert_eq!(line.bare(), "a");
        assert!(line.to_string().ends_with("\u{1b}[0m"), "{line}");
    }

    #[test]
    fn line_escapes_control_characters() {
        assert_eq!(Line::plain("a\u{1b}[31m\nb").bare(), "a\\u001b[31m\\u000ab");
    }

    #[test]
    fn text_breaks_below_its_beginning_on_a_terminal_only() {
        let long = "a word ".repeat(20);
        let lines = terminal(Some(60), "C").continued(Line::plain("row   "), DIM, &long);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.width() <= 60), "{lines:?}");
        assert!(lines[1].bare().starts_with("      word a"), "{lines:?}");
        assert_eq!(terminal(None, "C").continued(Line::plain("row   "), DIM, &long).len(), 1);
    }

    #[test]
    fn command_stays_in_one_line() {
        let text = "fix the file, or restore the shipped one, which keeps a backup: `tdd-stack init --force`";
        let lines = terminal(Some(80), "C").hanging(Line::plain("x "), 2, DIM, text);
        let lines: Vec<String> = lines.iter().map(Line::bare).collect();
        assert_eq!(lines[1..], ["  `tdd-stack init --force`"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(Line::plain("漢字").padded(6).text("x").width(), 7);
    }
}
