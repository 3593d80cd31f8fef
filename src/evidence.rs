//! What is kept of a failure, so that it can be understood later and elsewhere: plain data, without secrets.

pub mod collect;
mod pack;
pub mod redact;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

pub use pack::pack;

use redact::Secrets;

/// The longest file; of a log the end is kept, of anything else the beginning.
const LONGEST: usize = 512 * 1024;

/// All files together.
const ALL: usize = 8 * 1024 * 1024;

/// The file that is read first.
const SUMMARY: &str = "summary.txt";

/// One file of the evidence.
#[derive(Clone, Debug)]
pub struct Exhibit {
    /// Its path inside the folder.
    pub name: String,
    /// What it says.
    pub content: Content,
}

/// What an exhibit says, by the way in which secrets are found in it.
#[derive(Clone, Debug)]
pub enum Content {
    /// Any text.
    Text(String),
    /// A configuration file.
    Configuration(String),
    /// What the engine or this program says.
    Json(Value),
}

/// Everything that was collected.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The files.
    pub exhibits: Vec<Exhibit>,
    /// What is missing, and why.
    pub notes: Vec<String>,
}

impl Evidence {
    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, content: Content) {
        self.exhibits.push(Exhibit { name: safe(&name.into()), content });
    }

    /// Adds what else was collected.
    pub fn extend(&mut self, further: Self) {
        self.exhibits.extend(further.exhibits);
        self.notes.extend(further.notes);
    }

    /// Returns the files as they are written, without secrets and not too long, the summary first.
    pub fn seal(mut self, summary: &str, mut secrets: Secrets) -> Vec<(String, String)> {
        for exhibit in &self.exhibits {
            match &exhibit.content {
                Content::Configuration(text) => secrets.learn_yaml(text),
                Content::Json(value) => secrets.learn_json(value),
                Content::Text(_) => {}
            }
        }
        let mut files = vec![(SUMMARY.to_string(), String::new())];
        let mut room = ALL;
        for Exhibit { name, content } in self.exhibits {
            // Only what is clean is cut: half a secret is not recognised.
            let text = match content {
                Content::Text(text) => secrets.clean(&text),
                Content::Configuration(text) => secrets.clean_yaml(&text),
                Content::Json(value) => secrets.clean(&format!("{:#}\n", secrets.clean_json(&value))),
            };
            let text = match cut(&text, LONGEST.min(room), keeps_end(&name)) {
                Some(part) => {
                    let (kept, whole) = (part.len(), text.len());
                    self.notes.push(format!("{name} is truncated: {kept} of {whole} bytes are kept"));
                    format!("{part}\n[truncated: {kept} of {whole} bytes]\n")
                }
                None => text,
            };
            room = room.saturating_sub(text.len());
            files.push((name, text));
        }
        let mut text = summary.to_string();
        if !self.notes.is_empty() {
            text.push_str("\nnot complete:\n");
            self.notes.iter().for_each(|note| text.extend(["  ", note, "\n"]));
        }
        files[0].1 = secrets.clean(&text);
        files
    }
}

/// Returns the name of a folder or file for what happened to a stack at a moment.
pub fn name(stack: &str, moment: SystemTime, word: Option<&str>) -> String {
    let moment = humantime::format_rfc3339_seconds(moment).to_string().replace(['-', ':'], "");
    word.map_or(format!("{stack}-{moment}"), |word| format!("{stack}-{moment}-{word}"))
}

/// Returns the folder for evidence: the asked one, or the usual one of the user's state.
pub fn folder(asked: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let state = || environment("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || environment("HOME").filter(|home| !home.is_empty());
    let usual = || state().or_else(|| Some(Path::new(&home()?).join(".local/state")));
    asked.map(Path::to_path_buf).or_else(|| Some(usual()?.join("tdd-stack/evidence")))
}

fn keeps_end(name: &str) -> bool {
    name.starts_with("logs/") || name.starts_with("events") || name.starts_with("probes")
}

/// Returns the part of a text that fits, in whole lines where there are any; nothing if all of it fits.
fn cut(text: &str, longest: usize, keeps_end: bool) -> Option<&str> {
    if text.len() <= longest {
        return None;
    }
    if keeps_end {
        let begin = text.ceil_char_boundary(text.len() - longest);
        let part = &text[begin..];
        return Some(part.split_once('\n').map_or(part, |(_, rest)| rest));
    }
    let part = &text[..text.floor_char_boundary(longest)];
    Some(part.rsplit_once('\n').map_or(part, |(rest, _)| rest))
}

/// Returns a path that stays inside the folder, whatever somebody named a file or a container.
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
    fn a_long_log_keeps_its_end_and_says_so() {
        let mut evidence = Evidence::default();
        evidence.add("logs/a.log", Content::Text(format!("first\n{}last\n", "line\n".repeat(LONGEST))));
        evidence.add("plan.txt", Content::Text("short\n".into()));
        let files = evidence.seal("failed\n", Secrets::default());
        assert!(files[0].1.contains("logs/a.log is truncated"), "{}", files[0].1);
        assert!(files[1].1.contains("last") && !files[1].1.contains("first"));
        assert!(files[1].1.len() < LONGEST + 100);
        assert_eq!(files[2].1, "short\n");
    }

    #[test]
    fn all_files_together_are_bounded() {
        let mut evidence = Evidence::default();
        for number in 0..40 {
            evidence.add(format!("files/{number}"), Content::Text("x\n".repeat(LONGEST / 2)));
        }
        let files = evidence.seal("", Secrets::default());
        let all: usize = files.iter().map(|(_, text)| text.len()).sum();
        assert!(all < ALL + 40 * 200, "{all}");
        assert!(files[0].1.contains("files/39 is truncated: 0 of"), "{}", files[0].1);
    }

    #[test]
    fn names_stay_inside_the_folder() {
        assert_eq!(safe("logs/../../etc/pass wd"), "logs/etc/pass_wd");
    }

    #[test]
    fn the_usual_folder_is_that_of_the_user_s_state() {
        let home = |name: &str| (name == "HOME").then(|| "/home/u".to_string());
        assert_eq!(folder(None, home), Some("/home/u/.local/state/tdd-stack/evidence".into()));
        let relative = |name: &str| (name == "XDG_STATE_HOME").then(|| "here".to_string());
        assert_eq!(folder(None, relative), None);
        let state = |name: &str| (name == "XDG_STATE_HOME").then(|| "/s".to_string());
        assert_eq!(folder(None, state), Some("/s/tdd-stack/evidence".into()));
        assert_eq!(folder(Some(Path::new("e")), state), Some("e".into()));
    }

    #[test]
    fn a_name_tells_stack_time_and_word() {
        let moment = humantime::parse_rfc3339("2026-11-24T09:31:07Z").unwrap();
        assert_eq!(name("tdd", moment, Some("not-ready")), "tdd-20261124T093107Z-not-ready");
    }
}
