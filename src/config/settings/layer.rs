//! One source of settings: the file, the environment or the flags.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::{AppHost, HostPort, OutputFormat, PasswordSource, ProgressFormat};
use crate::docker::image_reference::ImageReference;
use crate::error::{Error, Result};

/// One source of settings; missing values come from the next source.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// The stack's name.
    pub stack: Option<String>,
    /// The folder that contains `config/monitoring`.
    pub dir: Option<PathBuf>,
    /// The engine's address.
    pub host: Option<String>,
    /// The Docker context that names the engine.
    pub context: Option<String>,
    /// The registry that replaces the one of each image.
    pub registry: Option<String>,
    /// Images by service.
    pub image: BTreeMap<String, String>,
    /// Host ports by service: a number or `auto`.
    pub port: BTreeMap<String, HostPort>,
    /// The address on which ports are published.
    pub bind: Option<IpAddr>,
    /// Where the containers find the application and the alert receiver.
    pub app_host: Option<AppHost>,
    /// The `environment` label of every series and alert.
    pub environment: Option<String>,
    /// The source of the password of Grafana's `admin`.
    pub grafana_password: Option<PasswordSource>,
    /// Whether to fail immediately if another program is changing the stack.
    pub no_wait: Option<bool>,
    /// Whether details are shown.
    pub verbose: Option<bool>,
    /// The folder for diagnostics of failures.
    pub diagnostics: Option<PathBuf>,
    /// The format of results on standard output.
    pub output: Option<OutputFormat>,
    /// The format of progress on standard error.
    pub progress: Option<ProgressFormat>,
    /// Where each value comes from: a flag, a variable, or a line of the settings file. The keys are those of the settings
    /// file; `image` and `port` have one more for each service, such as `port grafana`.
    pub places: BTreeMap<String, String>,
}

/// A value that cannot be used.
#[derive(Debug)]
pub(super) struct ValueFault {
    /// The flag, variable or line that it comes from.
    pub(super) place: String,
    /// The problem, and what is valid.
    pub(super) reason: String,
}

impl Layer {
    /// Returns this layer, with missing values from `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut image = below.image;
        image.extend(self.image);
        let mut port = below.port;
        port.extend(self.port);
        // Two keys name one engine: a context must override a host of the layer below.
        let engine_is_chosen = self.host.is_some() || self.context.is_some();
        let (host, context) =
            if engine_is_chosen { (self.host, self.context) } else { (below.host, below.context) };
        let mut places = below.places;
        places.extend(self.places);
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
            places,
        }
    }

    /// Returns the name of the stack, after a check of every value.
    pub fn checked_stack(&self, services: &[&str]) -> Result<&str> {
        self.check(services).map_err(|fault| Error::Usage { place: fault.place, reason: fault.reason })?;
        Ok(self.stack.as_deref().unwrap_or(super::DEFAULT_STACK))
    }

    /// Returns where a value comes from; a value without a source belongs to its flag.
    pub fn place(&self, key: &str) -> String {
        let flag = || format!("--{}", key.split(' ').next().unwrap_or(key));
        self.places.get(key).cloned().unwrap_or_else(flag)
    }

    /// Returns this layer with the sources of its images and ports.
    #[must_use]
    pub fn with_places(mut self, image: &str, port: &str) -> Self {
        for (key, service) in self.by_service() {
            let place = if key == "image" { image } else { port };
            self.places.insert(format!("{key} {service}"), place.to_string());
        }
        self
    }

    /// Returns the services that `image` and `port` name, each with the key.
    pub(super) fn by_service(&self) -> Vec<(&'static str, String)> {
        let images = self.image.keys().map(|service| ("image", service.clone()));
        images.chain(self.port.keys().map(|service| ("port", service.clone()))).collect()
    }

    /// Checks each value.
    pub(super) fn check(&self, services: &[&str]) -> std::result::Result<(), ValueFault> {
        let fault = |key: &str, reason: String| ValueFault { place: self.place(key), reason };
        if let Some(stack) = &self.stack {
            check_stack_name(stack).map_err(|reason| fault("stack", reason))?;
        }
        for (key, service) in self.by_service() {
            if !services.contains(&service.as_str()) {
                let known = services.join(", ");
                let reason = format!("unknown service `{service}`; the services are {known}");
                return Err(fault(&format!("{key} {service}"), reason));
            }
        }
        for (service, text) in &self.image {
            let parsed: std::result::Result<ImageReference, _> = text.parse();
            parsed.map_err(|error| fault(&format!("image {service}"), error.to_string()))?;
        }
        if let Some(registry) = &self.registry {
            check_registry(registry).map_err(|reason| fault("registry", reason))?;
        }
        Ok(())
    }
}

fn check_stack_name(name: &str) -> std::result::Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts_well && name.chars().all(allowed) && name.len() <= 48 {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a stack name: use up to 48 lower-case letters, digits, `-` or `_`, beginning with a letter or digit"
    ))
}

fn check_registry(host: &str) -> std::result::Result<(), String> {
    let sample: ImageReference = "a/b:1".parse().expect("a constant");
    let reason = format!("`{host}` is not a registry host: write it as `registry.example:5000`");
    sample.with_registry(host).map(drop).map_err(|_| reason)
}
