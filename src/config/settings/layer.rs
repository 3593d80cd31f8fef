//! One source of settings: the file, the environment or the flags.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{AppHost, HostPort, OutputFormat, PasswordSource, ProgressFormat};
use crate::config::validate::{self, ContentFault};
use crate::docker::image_reference::ImageReference;
use crate::error::{Error, Result};
use crate::model::sanitize;

/// The key that a user may take for the one of a password.
const PASSWORD_KEY: &str = "grafana-password";

/// One source of settings; what it leaves out comes from the next one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layer {
    /// The stack's name.
    pub stack: Option<String>,
    /// The folder that holds `config/monitoring`. Not a key of the settings file, which lies inside it.
    #[serde(skip)]
    pub dir: Option<PathBuf>,
    /// The engine's address.
    pub host: Option<String>,
    /// The Docker context that names the engine.
    pub context: Option<String>,
    /// The registry that replaces each image's own.
    pub registry: Option<String>,
    /// Images by service.
    #[serde(default)]
    pub image: BTreeMap<String, String>,
    /// Host ports by service: a number or `auto`.
    #[serde(default)]
    pub port: BTreeMap<String, HostPort>,
    /// The address on which ports are published.
    pub bind: Option<IpAddr>,
    /// Where the containers find the application and the alert receiver.
    pub app_host: Option<AppHost>,
    /// The `environment` label of every series and alert.
    pub environment: Option<String>,
    /// Where the password of Grafana's `admin` comes from; the settings file may name a file.
    #[serde(rename = "grafana-password-file", default, deserialize_with = "file_of_password")]
    pub grafana_password: Option<PasswordSource>,
    /// Whether to fail at once where another program changes the stack.
    pub no_wait: Option<bool>,
    /// Whether details are shown.
    pub verbose: Option<bool>,
    /// The folder for evidence of failures.
    pub diagnostics: Option<PathBuf>,
    /// The form of results on standard output.
    pub output: Option<OutputFormat>,
    /// The form of progress on standard error.
    pub progress: Option<ProgressFormat>,
}

/// A value that cannot be used.
#[derive(Debug)]
pub(super) struct ValueFault {
    /// The flag that would set it.
    pub(super) flag: String,
    /// The value, or the part of it that is wrong.
    pub(super) value: String,
    /// What is wrong with it, and what would be right.
    pub(super) reason: String,
}

impl Layer {
    /// Returns this layer with what it leaves out taken from `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut image = below.image;
        image.extend(self.image);
        let mut port = below.port;
        port.extend(self.port);
        // The engine is one choice made by two keys: a context above must not meet a host from below.
        let engine_is_chosen = self.host.is_some() || self.context.is_some();
        let (host, context) =
            if engine_is_chosen { (self.host, self.context) } else { (below.host, below.context) };
        Self {
            stack: self.stack.or(below.stack),
            dir: self.dir.or(below.dir),
            host,
            context,
            registry: self.registry.or(below.registry),
            image,
            port,
            bind: self.bind.or(below.bind),
            app_host: self.app_host.or(below.app_host),
            environment: self.environment.or(below.environment),
            grafana_password: self.grafana_password.or(below.grafana_password),
            no_wait: self.no_wait.or(below.no_wait),
            verbose: self.verbose.or(below.verbose),
            diagnostics: self.diagnostics.or(below.diagnostics),
            output: self.output.or(below.output),
            progress: self.progress.or(below.progress),
        }
    }

    /// Reads a settings file's text; `path` names it in errors, `services` are those that it may name.
    pub fn from_yaml(text: &str, path: &Path, services: &[&str]) -> Result<Self> {
        let place = |value: Option<&str>, line: Option<usize>| {
            // The parser places some faults at the file's beginning; the value itself is nearer.
            let of_value = || line_that_has(text, value?);
            let line = line.filter(|line| *line > 1).or_else(of_value).or(line);
            let line = line.map(|line| format!(": line {line}")).unwrap_or_default();
            format!("{}{line}", sanitize::path(path))
        };
        match validate::yaml(text) {
            // A file of nothing but comments says nothing.
            Ok(validate::Shape::Empty) => return Ok(Self::default()),
            Ok(validate::Shape::Filled) => {}
            Err(ContentFault { line, reason }) => {
                let line = line.and_then(|line| usize::try_from(line).ok());
                return Err(Error::SettingsFile { place: place(None, line), reason });
            }
        }
        if has_password(text) {
            let reason = "`grafana-password` is not a key, since this file is not a place for a password: put it into \
                          a file of its own, and name that one with `grafana-password-file`";
            let place = place(Some(PASSWORD_KEY), None);
            return Err(Error::SettingsFile { place, reason: reason.into() });
        }
        let mut layer: Self = serde_yaml::from_str(validate::strip_bom(text)).map_err(|error| {
            let reason = error.to_string();
            let line = error.location().map(|location| location.line());
            // The parser quotes the key or value that it does not take.
            let quoted = reason.split('`').nth(1).map(ToString::to_string);
            Error::SettingsFile { place: place(quoted.as_deref(), line), reason }
        })?;
        // A file that names another one means it from where it lies itself.
        if let (Some(PasswordSource::File(file)), Some(folder)) = (&mut layer.grafana_password, path.parent())
        {
            *file = folder.join(&file);
        }
        layer.check(services).map_err(|fault| {
            let place = place(Some(&fault.value), None);
            Error::SettingsFile { place, reason: fault.reason }
        })?;
        Ok(layer)
    }

    /// Returns the stack's name, once each value has been checked by itself.
    pub fn checked_stack(&self, services: &[&str]) -> Result<&str> {
        self.check(services).map_err(|fault| Error::Usage { place: fault.flag, reason: fault.reason })?;
        Ok(self.stack.as_deref().unwrap_or(super::DEFAULT_STACK))
    }

    /// Checks each value by itself.
    pub(super) fn check(&self, services: &[&str]) -> std::result::Result<(), ValueFault> {
        if let Some(stack) = &self.stack {
            check_stack_name(stack).map_err(|reason| fault("--stack", stack, reason))?;
        }
        let images = self.image.keys().map(|name| ("--image", name));
        let ports = self.port.keys().map(|name| ("--port", name));
        if let Some((flag, name)) = images.chain(ports).find(|(_, name)| !services.contains(&name.as_str())) {
            let reason = format!("there is no service `{name}`: it is one of {}", services.join(", "));
            return Err(fault(flag, name, reason));
        }
        for (service, text) in &self.image {
            let parsed: std::result::Result<ImageReference, _> = text.parse();
            parsed.map_err(|error| fault(&format!("--image {service}={text}"), text, error.to_string()))?;
        }
        if let Some(registry) = &self.registry {
            check_registry(registry).map_err(|reason| fault("--registry", registry, reason))?;
        }
        Ok(())
    }
}

/// Returns whether a settings file has a password itself.
fn has_password(text: &str) -> bool {
    let keys = serde_yaml::from_str::<BTreeMap<String, serde_yaml::Value>>(validate::strip_bom(text));
    keys.is_ok_and(|keys| keys.contains_key(PASSWORD_KEY))
}

fn file_of_password<'de, D>(deserializer: D) -> std::result::Result<Option<PasswordSource>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    Ok(Option::<PathBuf>::deserialize(deserializer)?.map(PasswordSource::File))
}

fn fault(flag: &str, value: &str, reason: String) -> ValueFault {
    ValueFault { flag: flag.to_string(), value: value.to_string(), reason }
}

fn check_stack_name(name: &str) -> std::result::Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts_well && name.chars().all(allowed) && name.len() <= 48 {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no stack name: up to 48 lower-case letters, digits, `-` or `_`, a letter or digit first"
    ))
}

fn check_registry(host: &str) -> std::result::Result<(), String> {
    let sample: ImageReference = "a/b:1".parse().expect("a constant");
    let reason = format!("`{host}` is no registry host: write it as `registry.example:5000`");
    sample.with_registry(host).map(drop).map_err(|_| reason)
}

fn line_that_has(text: &str, value: &str) -> Option<usize> {
    text.lines().position(|line| line.contains(value)).map(|index| index + 1)
}
