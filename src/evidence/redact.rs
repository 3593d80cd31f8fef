//! Takes secrets out of evidence: text in, text out.
//!
//! A secret is known by its name, such as `smtp_auth_password`, and then removed wherever else its value stands: a log
//! may quote what a configuration file says. Removes too much rather than too little.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use regex_lite::Regex;
use serde_json::Value;

use crate::contents;

/// What stands where a secret stood.
pub const REMOVED: &str = "[removed]";

/// Shorter values are ordinary words too, such as `true`, and are removed only where their name stands.
const SHORTEST: usize = 6;

/// A name that has one of these has a secret for its value.
const NAMES: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "credential",
    "authorization",
    "cookie",
    "bearer",
    "basic_auth",
    "smtp_auth",
    "api_url",
    "webhook_url",
];

/// A path that is as long can have a secret; one such as `/api/v2/alerts` has none.
const LONG_PATH: usize = 16;

/// A secret behind its name, and the words without one of which a line has none: to look for words is a hundred times
/// faster.
static PATTERNS: LazyLock<Vec<(&[&str], Option<Regex>)>> = LazyLock::new(|| {
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
    patterns.into_iter().map(|(words, pattern)| (words, Regex::new(pattern).ok())).collect()
});

static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b((?:bearer|basic)\s+)[a-z0-9+/=._~-]{8,}").ok());

static USER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/"<>\\]+)@"#).ok());

static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^([\s#-]*)(["']?[A-Za-z0-9_.-]+["']?)\s*:(?:\s|$)"#).ok());

/// What must not be seen.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    literals: BTreeSet<String>,
}

impl Secrets {
    /// Returns the secrets of one login.
    pub fn of_login(user: &str, password: &str) -> Self {
        let mut secrets = Self::default();
        if !password.is_empty() {
            secrets.add(password);
            secrets.add_base64(&format!("{user}:{password}"));
        }
        secrets
    }

    /// Learns the secrets of a configuration file; what is no YAML teaches nothing.
    pub fn learn_yaml(&mut self, text: &str) {
        // Aliases may stand for more than fits into memory; what names a secret in plain sight is removed all the same.
        // Only the shape of JSON is of use here, and a key that is no text names no secret.
        if contents::fault("file.yaml", text).is_none()
            && let Ok(document) = serde_yaml::from_str(text)
        {
            self.walk_yaml(&document, "", false);
            self.learn_webhooks(&document, false);
        }
        self.learn_urls(text);
    }

    /// Learns the secrets of an object that the engine describes: values of variables and arguments.
    pub fn learn_json(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    match value {
                        Value::String(text) if is_secret(name) => self.learn(name, text),
                        value => self.learn_json(value),
                    }
                }
            }
            Value::Array(items) => {
                let mut after = None;
                for item in items {
                    if let (Some(name), Value::String(text)) = (after.take(), item) {
                        self.learn(name, text);
                    }
                    after = item.as_str().filter(|text| is_flag_of_secret(text));
                    self.learn_json(item);
                }
            }
            Value::String(text) => {
                if let Some((name, secret)) = assignment(text) {
                    self.learn(name, secret);
                }
                self.learn_urls(text);
            }
            _ => {}
        }
    }

    /// Returns a text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let known = self.pattern();
        let mut cleaned = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            cleaned.push_str(&self.clean_line(known.as_ref(), line));
        }
        cleaned
    }

    /// Returns a configuration file without secrets; what lies below the name of a secret is left out.
    pub fn clean_yaml(&self, text: &str) -> String {
        self.clean(&without_secret_keys(text))
    }

    /// Takes the secrets out of what the engine describes.
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

    fn clean_line(&self, known: Option<&Regex>, line: &str) -> String {
        let mut line = line.to_string();
        if let Some(known) = known.filter(|_| self.literals.iter().any(|literal| line.contains(literal))) {
            line = known.replace_all(&line, REMOVED).into_owned();
        }
        if let Some(user) = USER.as_ref().filter(|_| line.contains("://") && line.contains('@')) {
            line = user.replace_all(&line, format!("${{1}}{REMOVED}@")).into_owned();
        }
        let lower = line.to_ascii_lowercase();
        if lower.contains("bearer") || lower.contains("basic") {
            line = replace(SCHEME.as_ref(), &line);
        }
        for (words, pattern) in PATTERNS.iter() {
            if words.iter().any(|word| lower.contains(word)) {
                line = replace(pattern.as_ref(), &line);
            }
        }
        line
    }

    /// Returns a pattern for all that is known, the longest first.
    fn pattern(&self) -> Option<Regex> {
        let mut literals: Vec<&String> = self.literals.iter().collect();
        literals.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
        let alternatives: Vec<String> = literals.iter().map(|literal| regex_lite::escape(literal)).collect();
        if alternatives.is_empty() { None } else { Regex::new(&alternatives.join("|")).ok() }
    }

    fn walk_yaml(&mut self, value: &serde_yaml::Value, name: &str, below: bool) {
        match value {
            serde_yaml::Value::Mapping(map) => {
                for (key, value) in map {
                    let key = key.as_str().unwrap_or_default();
                    self.walk_yaml(value, key, below || is_secret(key));
                }
            }
            serde_yaml::Value::Sequence(items) => {
                for item in items {
                    self.walk_yaml(item, name, below);
                }
            }
            serde_yaml::Value::String(text) if below => self.learn(name, text),
            serde_yaml::Value::Number(number) if below => self.learn(name, &number.to_string()),
            serde_yaml::Value::Tagged(tagged) => self.walk_yaml(&tagged.value, name, below),
            _ => {}
        }
    }

    /// Learns the addresses of webhooks: whoever knows a long one may post.
    fn learn_webhooks(&mut self, value: &serde_yaml::Value, below: bool) {
        match value {
            serde_yaml::Value::Mapping(map) => {
                for (key, value) in map {
                    match (key.as_str().unwrap_or_default(), value.as_str()) {
                        ("url", Some(url)) if below => self.learn("url", path_of(url)),
                        (key, _) => self.learn_webhooks(value, below || key == "webhook_configs"),
                    }
                }
            }
            serde_yaml::Value::Sequence(items) => {
                for item in items {
                    self.learn_webhooks(item, below);
                }
            }
            _ => {}
        }
    }

    fn learn(&mut self, name: &str, secret: &str) {
        let name = name.to_ascii_lowercase();
        // A name of a user or of a file is an ordinary word elsewhere.
        let is_word = ["username", "user", "type", "identity"].iter().any(|end| name.ends_with(end));
        if is_word || name.ends_with("_file") {
            return;
        }
        for part in std::iter::once(secret).chain(secret.lines()).map(str::trim) {
            if part.len() >= SHORTEST {
                self.add(part);
            }
        }
    }

    fn learn_urls(&mut self, text: &str) {
        let Some(user) = USER.as_ref().filter(|_| text.contains('@')) else { return };
        let found: Vec<String> = user.captures_iter(text).map(|found| found[2].to_string()).collect();
        for pair in found {
            self.learn("", pair.split_once(':').map_or(pair.as_str(), |(_, password)| password));
        }
    }

    /// Adds a secret in every form in which it may be written.
    fn add(&mut self, secret: &str) {
        let quoted = in_json(secret);
        self.literals.insert(in_json(&quoted));
        self.literals.insert(quoted);
        self.literals.insert(secret.replace('\'', "''"));
        self.literals.insert(percent_encoded(secret));
        self.add_base64(secret);
        self.literals.insert(secret.to_string());
    }

    fn add_base64(&mut self, secret: &str) {
        self.literals.insert(BASE64_STANDARD_NO_PAD.encode(secret));
        self.literals.insert(BASE64_URL_SAFE_NO_PAD.encode(secret));
    }
}

/// Returns the path of an address and what follows it; nothing if it is too short for a secret.
fn path_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let path = rest.find('/').map_or("", |begin| &rest[begin..]);
    if path.len() < LONG_PATH { "" } else { path }
}

/// Returns whether a value of this name is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let is_key =
        name == "key" || name.ends_with("_key") || name.ends_with("apikey") || name.ends_with("keys");
    is_key || NAMES.iter().any(|word| name.contains(word))
}

fn is_flag_of_secret(text: &str) -> bool {
    text.starts_with('-') && !text.contains(['=', ' ']) && is_secret(text)
}

/// Returns name and value of an argument or variable that has a secret.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let has_key = name.to_ascii_uppercase().contains("KEY");
    (is_name && (has_key || is_secret(name))).then_some((name, value))
}

fn replace(pattern: Option<&Regex>, line: &str) -> String {
    let Some(pattern) = pattern else { return line.to_string() };
    pattern.replace_all(line, format!("${{1}}{REMOVED}")).into_owned()
}

/// Returns YAML in which the values of secrets are left out, also where they go on below, and in comments.
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
        let found = KEY.as_ref().and_then(|key| key.captures(line));
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

fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_string()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
