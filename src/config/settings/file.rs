//! Reads `tdd-stack.yaml`. Every error names file, line and key.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use super::suggestion::closest;
use super::values::{boolean, pairs};
use super::{Layer, PasswordSource};
use crate::config::validate::{self, ContentFault};
use crate::error::{Error, Result};
use crate::model::sanitize;

/// The keys of the file: the global flags without `--dir`, since the file is in that folder, and without the prompt.
pub const KEYS: [&str; 15] = [
    "stack",
    "host",
    "context",
    "registry",
    "image",
    "port",
    "bind",
    "app-host",
    "environment",
    "grafana-password-file",
    "no-wait",
    "verbose",
    "diagnostics",
    "output",
    "progress",
];

/// A key that users may expect for the password.
const PASSWORD_KEY: &str = "grafana-password";

type Parsed<T> = std::result::Result<T, String>;

/// The text of the file.
struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Layer {
    /// Parses the text of the settings file. `path` names it in errors, `services` are the names that `image` and `port`
    /// may use.
    pub fn from_yaml(text: &str, path: &Path, services: &[&str]) -> Result<Self> {
        let file = File { text: validate::strip_bom(text), path };
        match validate::yaml(text) {
            Ok(validate::Shape::Empty) => return Ok(Self::default()),
            Ok(validate::Shape::Filled) => {}
            Err(ContentFault { line, reason }) => {
                let line = line.and_then(|line| usize::try_from(line).ok());
                return Err(file.error(line, reason));
            }
        }
        let keys: Mapping = serde_yaml::from_str(file.text).map_err(|error| {
            let line = error.location().map(|location| location.line());
            file.error(line, "expected keys with values, such as `stack: tdd`")
        })?;
        let mut layer = Self::default();
        for (key, value) in keys {
            let Some(key) = key.as_str() else {
                return Err(file.error(None, format!("{} is not a key", shown(&key))));
            };
            if !value.is_null() || !KEYS.contains(&key) {
                layer.set(key, value, path).map_err(|reason| file.error(file.line(&[key]), reason))?;
                layer.places.insert(key.to_string(), file.place(file.line(&[key]), key));
            }
        }
        for (key, service) in layer.by_service() {
            let place = file.place(file.line(&[key, &service]), &format!("{key}: {service}"));
            layer.places.insert(format!("{key} {service}"), place);
        }
        layer
            .check(services)
            .map_err(|fault| Error::SettingsFile { place: fault.place, reason: fault.reason })?;
        Ok(layer)
    }

    fn set(&mut self, key: &str, value: Value, path: &Path) -> Parsed<()> {
        match key {
            "stack" => self.stack = Some(read(key, value)?),
            "host" => self.host = Some(read(key, value)?),
            "context" => self.context = Some(read(key, value)?),
            "registry" => self.registry = Some(read(key, value)?),
            "image" => self.image = by_service(key, value)?,
            "port" => self.port = by_service(key, value)?,
            "bind" => {
                let invalid = |_| format!("{key}: {} is not an IP address", shown(&value));
                self.bind = Some(parse(key, &value).map_err(invalid)?);
            }
            "app-host" => self.app_host = Some(parse(key, &value)?),
            "environment" => self.environment = Some(read(key, value)?),
            "grafana-password-file" => {
                let file: PathBuf = read(key, value)?;
                // Relative to the settings file, not to the folder in which the program runs.
                let file = path.parent().map_or_else(|| file.clone(), |folder| folder.join(&file));
                self.grafana_password = Some(PasswordSource::File(file));
            }
            "no-wait" => self.no_wait = Some(switch(key, &value)?),
            "verbose" => self.verbose = Some(switch(key, &value)?),
            "diagnostics" => self.diagnostics = Some(read(key, value)?),
            "output" => self.output = Some(read(key, value)?),
            "progress" => self.progress = Some(read(key, value)?),
            PASSWORD_KEY => {
                return Err(format!(
                    "`{PASSWORD_KEY}` is not a key, because this file is not a place for a password: store it in a file \
                     and name that with `grafana-password-file`"
                ));
            }
            unknown => {
                let hint = match closest(unknown, KEYS) {
                    Some(key) => format!("did you mean `{key}`?"),
                    None => format!("known keys: {}", KEYS.join(", ")),
                };
                return Err(format!("unknown key `{unknown}`; {hint}"));
            }
        }
        Ok(())
    }
}

impl File<'_> {
    fn error(&self, line: Option<usize>, reason: impl Into<String>) -> Error {
        let path = sanitize::path(self.path);
        let place = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
        Error::SettingsFile { place, reason: reason.into() }
    }

    fn place(&self, line: Option<usize>, key: &str) -> String {
        let path = sanitize::path(self.path);
        line.map_or_else(|| format!("{path}: {key}"), |line| format!("{path}:{line}: {key}"))
    }

    /// Returns the line of a key, which may be below other keys.
    fn line(&self, keys: &[&str]) -> Option<usize> {
        let mut lines = (1..).zip(self.text.lines());
        let mut found = None;
        for key in keys {
            let rest = lines.clone();
            let begins = |line: &str| {
                let rest = line.trim_start().trim_start_matches(['"', '\'']).strip_prefix(key);
                rest.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
            };
            // A flow mapping or a list in one string has its keys within a line.
            let place = lines.find(|(_, line)| begins(line)).or_else(|| {
                lines = rest;
                let same = found.and_then(|number: usize| Some((number, self.text.lines().nth(number - 1)?)));
                same.into_iter().chain(lines.clone()).find(|(_, line)| line.contains(key))
            });
            found = place.map(|(number, _)| number).or(found);
        }
        found
    }
}

fn read<T: DeserializeOwned>(key: &str, value: Value) -> Parsed<T> {
    serde_yaml::from_value(value).map_err(|error| format!("{key}: {error}"))
}

fn parse<T>(key: &str, value: &Value) -> Parsed<T>
where
    T: std::str::FromStr,
    T::Err: Display,
{
    let text = scalar(value).ok_or_else(|| format!("{key}: expected a text, not {}", shown(value)))?;
    text.parse().map_err(|error| format!("{key}: {error}"))
}

/// Returns values by service from a mapping or from the list that the flag takes.
fn by_service<T>(key: &str, value: Value) -> Parsed<BTreeMap<String, T>>
where
    T: std::str::FromStr,
    T::Err: Display,
{
    match value {
        Value::String(list) => pairs(&list).map_err(|reason| format!("{key}: {reason}")),
        Value::Mapping(entries) => entries
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(service, value)| {
                let service =
                    service.as_str().ok_or_else(|| format!("{key}: {} is not a service", shown(&service)))?;
                Ok((service.to_string(), parse(&format!("{key}: {service}"), &value)?))
            })
            .collect(),
        other => Err(format!("{key}: expected a mapping or `SERVICE=VALUE,…`, not {}", shown(&other))),
    }
}

fn switch(key: &str, value: &Value) -> Parsed<bool> {
    let text = scalar(value).ok_or_else(|| format!("{key}: expected `true` or `false`"))?;
    boolean(&text).ok_or_else(|| format!("{key}: `{text}` is neither `true` nor `false`"))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(on) => Some(on.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

fn shown(value: &Value) -> String {
    match scalar(value) {
        Some(text) => format!("`{text}`"),
        None if value.is_mapping() => "a mapping".into(),
        None if value.is_sequence() => "a list".into(),
        None => "an empty or tagged value".into(),
    }
}
