//! Removes secrets from diagnostics: text in, text out.
//!
//! A secret is recognised by its name, such as `smtp_auth_password`, and its value is then removed from every
//! file, since a log may quote a configuration file. Removes too much rather than too little.

mod redactor;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use regex_lite::Regex;
use serde_json::Value;

use crate::config::validate;

pub use redactor::Redactor;

/// The text that replaces a secret.
pub const REMOVED: &str = "[removed]";

/// The minimum length of a value that is removed everywhere. Shorter values, such as `true`, are also
/// ordinary words and are removed only next to their name.
const SHORTEST: usize = 6;

/// The parts of names whose values are secrets.
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

/// The minimum length of a URL path that may contain a secret; `/api/v2/alerts` is shorter.
const LONG_PATH: usize = 16;

static USER: LazyLock<Regex> = LazyLock::new(|| constant(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/"<>\\]+)@"#));

/// The values that must not be shown.
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

    /// Learns the secrets of a configuration file; from a file that is not YAML, only passwords in URLs.
    pub fn learn_yaml(&mut self, text: &str) {
        // Aliases can expand beyond the memory, so the file is validated first. The values of secret keys are
        // removed from an invalid file nevertheless, line by line.
        if validate::fault("file.yaml", text).is_none()
            && let Ok(document) = serde_yaml::from_str(text)
        {
            self.walk_yaml(&document, "", false);
            self.learn_webhooks(&document, false);
        }
        self.learn_urls(text);
    }

    /// Learns the secrets of an object of the engine: values of variables and arguments.
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

    /// Returns a redactor for all learned secrets.
    pub fn redactor(&self) -> Redactor {
        Redactor::of(&self.literals)
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

    /// Learns the long paths of webhook URLs, since such a path often contains a token.
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
        // A user name or file name can be an ordinary word in other texts.
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
        if !text.contains('@') {
            return;
        }
        let found: Vec<String> = USER.captures_iter(text).map(|found| found[2].to_string()).collect();
        for pair in found {
            self.learn("", pair.split_once(':').map_or(pair.as_str(), |(_, password)| password));
        }
    }

    /// Adds a secret in each of its encodings: plain, JSON, YAML, percent and base64.
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

/// Returns the path and query of a URL, or an empty text if it is too short for a secret.
fn path_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let path = rest.find('/').map_or("", |begin| &rest[begin..]);
    if path.len() < LONG_PATH { "" } else { path }
}

/// Returns whether the value of a variable, key or argument with this name is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let is_key =
        name == "key" || name.ends_with("_key") || name.ends_with("apikey") || name.ends_with("keys");
    is_key || NAMES.iter().any(|word| name.contains(word))
}

fn is_flag_of_secret(text: &str) -> bool {
    text.starts_with('-') && !text.contains(['=', ' ']) && is_secret(text)
}

/// Returns name and value of an argument or variable that contains a secret.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let has_key = name.to_ascii_uppercase().contains("KEY");
    (is_name && (has_key || is_secret(name))).then_some((name, value))
}

/// Returns the regular expression of a constant; panics if it is invalid, rather than remove nothing.
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the constant patterns are valid")
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
