//! Diagnostics of a failure: files, logs and answers, as plain data without secrets.

mod bundle;
pub mod collect;
pub mod redact;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

pub use bundle::pack;

use redact::Secrets;

use crate::files;

/// The maximum size of a file in bytes. A log keeps its end, any other file its beginning.
const LONGEST: usize = 512 * 1024;

/// The maximum length of a line of a transcript in bytes.
const LINE: usize = 500;

/// The maximum size of all files together in bytes.
const ALL: usize = 8 * 1024 * 1024;

/// The file to read first.
const SUMMARY: &str = "summary.txt";

/// One file of the diagnostics.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The path inside the folder.
    pub name: String,
    /// The content.
    pub content: Content,
}

/// The content of a file, by the method that finds secrets in it.
#[derive(Clone, Debug)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Text whose long lines are shortened.
    Lines(String),
    /// A configuration file.
    Configuration(String),
    /// JSON from the engine or this program.
    Json(Value),
}

/// The collected diagnostics.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// The files.
    pub attachments: Vec<Attachment>,
    /// The missing parts, with the reasons.
    pub notes: Vec<String>,
}

impl Diagnostics {
    /// Adds a file, under a name that is unique and safe for the file system.
    pub fn add(&mut self, name: impl Into<String>, content: Content) {
        let name = safe(&name.into());
        // Different names can become equal when they are made safe, and no file may replace another.
        let is_free = |name: &String| self.attachments.iter().all(|attachment| attachment.name != *name);
        let others = (2..=self.attachments.len() + 1).map(|number| format!("{name}-{number}"));
        let name = std::iter::once(name.clone()).chain(others).find(is_free).unwrap_or(name);
        self.attachments.push(Attachment { name, content });
    }

    /// Adds the files and notes of other diagnostics.
    pub fn extend(&mut self, further: Self) {
        self.attachments.extend(further.attachments);
        self.notes.extend(further.notes);
    }

    /// Returns the final files, the summary first: without secrets, and truncated to the maximum sizes.
    pub fn finish(mut self, summary: &str, mut secrets: Secrets) -> Vec<(String, String)> {
        for attachment in &self.attachments {
            match &attachment.content {
                Content::Configuration(text) => secrets.learn_yaml(text),
                Content::Json(value) => secrets.learn_json(value),
                Content::Text(_) | Content::Lines(_) => {}
            }
        }
        let redactor = secrets.redactor();
        let mut files = vec![(SUMMARY.to_string(), String::new())];
        let mut room = ALL;
        for Attachment { name, content } in self.attachments {
            // Secrets are removed before a text is truncated: a truncated secret would not be recognised.
            let mut skipped = 0;
            let mut last = |text: &str| {
                let latest = if keeps_end(&name) { latest(text) } else { text };
                skipped = text.len() - latest.len();
                redactor.clean(latest)
            };
            let text = match content {
                Content::Text(text) => last(&text),
                Content::Lines(text) => shortened(&last(&text)),
                Content::Configuration(text) => redactor.clean_yaml(&text),
                Content::Json(value) => redactor.clean(&format!("{:#}\n", redactor.clean_json(&value))),
            };
            let part = cut(&text, LONGEST.min(room), keeps_end(&name));
            let (kept, whole) = (part.len(), text.len() + skipped);
            let text = if kept < whole {
                self.notes.push(format!("{name} is truncated: {kept} of {whole} bytes are kept"));
                format!("{part}\n[truncated: {kept} of {whole} bytes]\n")
            } else {
                text
            };
            room = room.saturating_sub(text.len());
            files.push((name, text));
        }
        let mut text = summary.to_string();
        if !self.notes.is_empty() {
            text.push_str("\nincomplete:\n");
            self.notes.iter().for_each(|note| text.extend(["  ", note, "\n"]));
        }
        files[0].1 = redactor.clean(&text);
        files
    }
}

/// Returns the name of the diagnostics folder or bundle of a stack at a time, such as
/// `tdd-20261124T093107Z-not-ready`.
pub fn name(stack: &str, moment: SystemTime, word: Option<&str>) -> String {
    let moment = humantime::format_rfc3339_seconds(moment).to_string().replace(['-', ':'], "");
    word.map_or(format!("{stack}-{moment}"), |word| format!("{stack}-{moment}-{word}"))
}

/// Returns the folder for diagnostics: the requested one, or the default in the user's state folder.
pub fn folder(requested: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    requested.map(Path::to_path_buf).or_else(|| Some(files::state_folder(environment)?.join("diagnostics")))
}

fn keeps_end(name: &str) -> bool {
    name.starts_with("logs/") || name.starts_with("events") || name.starts_with("probes")
}

/// Returns the last whole lines, at most twice [`LONGEST`]: removing secrets from 1 MiB takes half a second.
fn latest(text: &str) -> &str {
    let begin = text.ceil_char_boundary(text.len().saturating_sub(2 * LONGEST));
    if begin == 0 { text } else { after_line_end(&text[begin..]).unwrap_or(text) }
}

/// Returns the text after the first line end, or `None` if there is none.
fn after_line_end(text: &str) -> Option<&str> {
    text.split_once('\n').map(|(_, rest)| rest).filter(|rest| !rest.is_empty())
}

/// Returns the text with each line shortened to [`LINE`] bytes.
fn shortened(text: &str) -> String {
    let shorten = |line: &str| match line.floor_char_boundary(LINE) {
        end if end < line.len() => format!("{}…\n", &line[..end]),
        _ => format!("{line}\n"),
    };
    text.lines().map(shorten).collect()
}

/// Returns the part of a text that fits, in whole lines if possible.
fn cut(text: &str, longest: usize, keeps_end: bool) -> &str {
    if text.len() <= longest {
        return text;
    }
    if keeps_end {
        let begin = text.ceil_char_boundary(text.len() - longest);
        let part = &text[begin..];
        return after_line_end(part).unwrap_or(part);
    }
    let part = &text[..text.floor_char_boundary(longest)];
    part.rsplit_once('\n').map_or(part, |(rest, _)| rest)
}

/// Returns a path that stays inside the folder, for any name of a file or container.
fn safe(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let part = |part: &str| part.chars().map(|c| if allowed(c) { c } else { '_' }).collect::<String>();
    let parts: Vec<String> =
        name.split('/').filter(|part| !matches!(*part, "" | "." | "..")).map(part).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_log_keeps_its_end_and_reports_it() {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add("logs/a.log", Content::Text(format!("first\n{}last\n", "line\n".repeat(LONGEST))));
        diagnostics.add("plan.txt", Content::Text("short\n".into()));
        let files = diagnostics.finish("failed\n", Secrets::default());
        assert!(files[0].1.contains("logs/a.log is truncated"), "{}", files[0].1);
        assert!(files[1].1.contains("last") && !files[1].1.contains("first"));
        assert!(files[1].1.len() < LONGEST + 100);
        assert_eq!(files[2].1, "short\n");
    }

    #[test]
    fn log_of_one_long_line_keeps_its_end() {
        let mut diagnostics = Diagnostics::default();
        diagnostics.add("logs/a.log", Content::Text(format!("{}last\n", "x".repeat(5 * LONGEST))));
        // The inspected part fits after shortening, but it is not the whole file.
        diagnostics
            .add("probes.txt", Content::Lines(format!("{}\n", "y".repeat(5000)).repeat(LONGEST / 1000)));
        let files = diagnostics.finish("", Secrets::default());
        assert!(files[1].1.starts_with('x') && files[1].1.contains("last\n\n[truncated: "));
        assert!(files[2].1.starts_with('y') && files[2].1.contains("…\n\n[truncated: "));
    }

    #[test]
    fn total_size_is_bounded() {
        let mut diagnostics = Diagnostics::default();
        for number in 0..40 {
            diagnostics.add(format!("files/{number}"), Content::Text("x\n".repeat(LONGEST / 2)));
        }
        let files = diagnostics.finish("", Secrets::default());
        let all: usize = files.iter().map(|(_, text)| text.len()).sum();
        assert!(all < ALL + 40 * 200, "{all}");
        assert!(files[0].1.contains("files/39 is truncated: 0 of"), "{}", files[0].1);
    }

    #[test]
    fn secrets_are_removed_before_lines_are_shortened() {
        let secret = "planted-secret-of-a-service";
        let mut diagnostics = Diagnostics::default();
        // The secret overlaps the position where the line is shortened.
        let line = |before: usize| format!("{}{secret} and more\nnext\n", "x".repeat(before));
        (LINE - 40..=LINE).for_each(|before| diagnostics.add("probes.txt", Content::Lines(line(before))));
        for (name, text) in &diagnostics.finish("", Secrets::of_login("u", secret))[1..] {
            assert!(!text.contains("planted") && text.ends_with("\nnext\n"), "{name}: {text}");
            assert!(text.lines().all(|line| line.len() < LINE + 5), "{text}");
        }
    }

    #[test]
    fn equal_names_get_a_number() {
        let mut diagnostics = Diagnostics::default();
        for name in ["a/b:1", "a/b_1", "a/b_1", "a/b_1-2"] {
            diagnostics.add(name, Content::Text(String::new()));
        }
        let names: Vec<&str> =
            diagnostics.attachments.iter().map(|attachment| attachment.name.as_str()).collect();
        assert_eq!(names, ["a/b_1", "a/b_1-2", "a/b_1-3", "a/b_1-2-2"]);
    }

    #[test]
    fn safe_name_stays_inside_the_folder() {
        assert_eq!(safe("logs/../../etc/pass wd"), "logs/etc/pass_wd");
    }

    #[test]
    fn default_folder_is_in_the_user_state_folder() {
        let home = |name: &str| (name == "HOME").then(|| "/home/u".to_string());
        assert_eq!(folder(None, home), Some("/home/u/.local/state/tdd-stack/diagnostics".into()));
        let relative = |name: &str| (name == "XDG_STATE_HOME").then(|| "here".to_string());
        assert_eq!(folder(None, relative), None);
        let state = |name: &str| (name == "XDG_STATE_HOME").then(|| "/s".to_string());
        assert_eq!(folder(None, state), Some("/s/tdd-stack/diagnostics".into()));
        assert_eq!(folder(Some(Path::new("e")), state), Some("e".into()));
    }

    #[test]
    fn name_contains_stack_time_and_word() {
        let moment = humantime::parse_rfc3339("2026-11-24T09:31:07Z").unwrap();
        assert_eq!(name("tdd", moment, Some("not-ready")), "tdd-20261124T093107Z-not-ready");
    }
}
