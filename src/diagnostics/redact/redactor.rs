//! Removes secrets from texts: the known values everywhere, and values that follow a secret's name on the
//! same line.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex_lite::Regex;
use serde_json::Value;

use super::{REMOVED, USER, assignment, constant, is_flag_of_secret, is_secret};

/// Patterns for a secret after its name, each with words of which a matching line contains at least one.
/// Searching for the words first is a hundred times faster.
static PATTERNS: LazyLock<Vec<(&[&str], Regex)>> = LazyLock::new(|| {
    let patterns: [(&[&str], &str); 4] = [
        (
            &["authorization", "cookie"],
            r#"(?i)((?:authorization|cookie)\\*["']?\s*[:=]\s*\[?\\*["']?)[^"'\r\n\\]+"#,
        ),
        (
            &["pass", "token", "secret", "credential", "key"],
            r#"(?i)([a-z0-9_.-]*(?:password|passwd|passphrase|token|secret|credential|(?:api|private|access|service|routing|user)[_-]?key)[a-z0-9_.-]*\\*["']?\s*[:=]\s*)(?:\[removed\]|\\*"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&})\]]+)"#,
        ),
        (&["key"], r"([A-Z0-9_]*KEY[A-Z0-9_]*=)\S+"),
        (&["key=", "sig=", "signature=", "auth="], r#"(?i)([?&](?:key|sig|signature|auth)=)[^&\s"']+"#),
    ];
    patterns.into_iter().map(|(words, pattern)| (words, constant(pattern))).collect()
});

static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| constant(r"(?i)\b((?:bearer|basic)\s+)[a-z0-9+/=._~-]{8,}"));

static KEY: LazyLock<Regex> =
    LazyLock::new(|| constant(r#"^([\s#-]*)(["']?[A-Za-z0-9_.-]+["']?)\s*:(?:\s|$)"#));

/// A remover of secrets.
#[derive(Clone, Debug)]
pub struct Redactor {
    /// The automaton of known values; `None` if it cannot be built, and then the whole text is removed.
    known: Option<AhoCorasick>,
}

impl Redactor {
    /// Returns a redactor that removes these values; at each position the longest match wins.
    pub(super) fn of(literals: &BTreeSet<String>) -> Self {
        Self { known: AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(literals).ok() }
    }

    /// Returns the text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let Some(known) = &self.known else { return REMOVED.into() };
        let mut unknown = String::with_capacity(text.len());
        known.replace_all_with(text, &mut unknown, |_, _, kept| {
            kept.push_str(REMOVED);
            true
        });
        unknown.split_inclusive('\n').map(clean_line).collect()
    }

    /// Returns a configuration file without secrets and without everything nested below a secret's key.
    pub fn clean_yaml(&self, text: &str) -> String {
        self.clean(&without_secret_keys(text))
    }

    /// Returns the JSON of an engine object without secrets.
    pub fn clean_json(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let pair = |(name, value): (&String, &Value)| {
                    let value = if is_secret(name) { REMOVED.into() } else { self.clean_json(value) };
                    (self.clean(name), value)
                };
                Value::Object(map.iter().map(pair).collect())
            }
            Value::Array(items) => {
                let mut hides = false;
                let clean = |item: &Value| {
                    let cleaned = if hides { REMOVED.into() } else { self.clean_json(item) };
                    hides = item.as_str().is_some_and(is_flag_of_secret);
                    cleaned
                };
                Value::Array(items.iter().map(clean).collect())
            }
            Value::String(text) => match assignment(text) {
                Some((name, _)) => format!("{name}={REMOVED}").into(),
                None => self.clean(text).into(),
            },
            other => other.clone(),
        }
    }
}

fn clean_line(line: &str) -> String {
    let mut line = line.to_string();
    if line.contains("://") && line.contains('@') {
        line = USER.replace_all(&line, format!("${{1}}{REMOVED}@")).into_owned();
    }
    let lower = line.to_ascii_lowercase();
    if lower.contains("bearer") || lower.contains("basic") {
        line = replace(&SCHEME, &line);
    }
    for (words, pattern) in PATTERNS.iter() {
        if words.iter().any(|word| lower.contains(word)) {
            line = replace(pattern, &line);
        }
    }
    line
}

fn replace(pattern: &Regex, line: &str) -> String {
    pattern.replace_all(line, format!("${{1}}{REMOVED}")).into_owned()
}

/// Returns YAML without the values of secret keys, including nested values and keys in comments.
fn without_secret_keys(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut hidden_below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let column = line.len() - line.trim_start_matches([' ', '\t', '#']).len();
        if let Some(level) = hidden_below {
            let goes_on = column > level || (column == level && line.trim_start().starts_with("- "));
            if goes_on || line.trim().is_empty() {
                continue;
            }
            hidden_below = None;
        }
        let found = KEY.captures(line);
        match found {
            Some(found) if is_secret(found[2].trim_matches(['"', '\''])) => {
                hidden_below = Some(found[1].len());
                kept.push_str(&found[1]);
                kept.push_str(&found[2]);
                kept.push_str(": ");
                kept.push_str(REMOVED);
                kept.push('\n');
            }
            _ => kept.push_str(line),
        }
    }
    kept
}
