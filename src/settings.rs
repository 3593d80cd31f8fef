//! What the user asked for: defaults, then the settings file, then the environment, then flags.
//!
//! Never looks at flags or the environment itself: `cli` hands them over as one [`Layer`].

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::image_reference::{ImageReference, ReferenceError};

/// The settings file's name, inside `--dir`.
pub const FILE_NAME: &str = "tdd-stack.yaml";

/// The Grafana password of the specification: well known, so good for loopback only.
pub const WELL_KNOWN_PASSWORD: &str = "admin123";

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
    /// The password of Grafana's `admin`.
    pub grafana_password: Option<String>,
    /// The form of results on standard output.
    pub output: Option<Output>,
    /// The form of progress on standard error.
    pub progress: Option<Progress>,
}

/// What everything else works from: no field is missing.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stack's name, the first part of every object's name.
    pub stack: String,
    /// The folder that holds `config/monitoring`.
    pub dir: PathBuf,
    /// The engine's address, where one was given.
    pub host: Option<String>,
    /// The Docker context, where one was given.
    pub context: Option<String>,
    /// The registry that replaces each image's own.
    pub registry: Option<String>,
    /// Images by service.
    pub images: BTreeMap<String, ImageReference>,
    /// Host ports by service.
    pub ports: BTreeMap<String, HostPort>,
    /// The address on which ports are published.
    pub bind: IpAddr,
    /// Where the containers find the application and the alert receiver.
    pub app_host: AppHost,
    /// The `environment` label of every series and alert.
    pub environment: String,
    /// The password of Grafana's `admin`.
    pub grafana_password: String,
    /// The form of results on standard output.
    pub output: Output,
    /// The form of progress on standard error.
    pub progress: Progress,
}

/// A port of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(try_from = "PortText", into = "String")]
pub enum HostPort {
    /// This one.
    Fixed(u16),
    /// Any free one; the container keeps it once chosen.
    Auto,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PortText {
    Number(u16),
    Word(String),
}

impl TryFrom<PortText> for HostPort {
    type Error = String;

    fn try_from(text: PortText) -> std::result::Result<Self, String> {
        match text {
            PortText::Number(number) => number.to_string().parse(),
            PortText::Word(word) => word.parse(),
        }
    }
}

impl From<HostPort> for String {
    fn from(port: HostPort) -> Self {
        match port {
            HostPort::Fixed(number) => number.to_string(),
            HostPort::Auto => "auto".into(),
        }
    }
}

impl std::str::FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.parse() {
            Ok(0) | Err(_) if text != "auto" => {
                Err(format!("`{text}` is no port: give a number from 1 to 65535, or `auto`"))
            }
            Ok(number) => Ok(Self::Fixed(number)),
            Err(_) => Ok(Self::Auto),
        }
    }
}

/// Where the containers find the application (`tdd-app`) and the alert receiver (`tdd-webhook`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AppHost {
    /// On the engine's host.
    #[default]
    EngineHost,
    /// At this address.
    Address(IpAddr),
    /// In containers on the stack's network that carry these names as aliases.
    Network,
}

impl std::str::FromStr for AppHost {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "host" => Ok(Self::EngineHost),
            "network" => Ok(Self::Network),
            address => address
                .parse()
                .map(Self::Address)
                .map_err(|_| format!("`{text}` is none of `host`, `network` and an IP address")),
        }
    }
}

impl TryFrom<String> for AppHost {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

/// The form of results on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Text for people.
    #[default]
    Human,
    /// One versioned JSON object.
    Json,
}

/// The form of progress on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Bars on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// Bars.
    Bars,
    /// One line a step.
    Plain,
    /// One JSON object a line.
    Json,
    /// Failures only.
    Quiet,
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
            output: self.output.or(below.output),
            progress: self.progress.or(below.progress),
        }
    }

    /// Reads a settings file's text; `path` names it in errors.
    pub fn from_yaml(text: &str, path: &Path) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_yaml::from_str(text)
            .map_err(|error| Error::Usage { place: path.display().to_string(), reason: error.to_string() })
    }
}

impl Settings {
    /// Fills the defaults in and checks each value. `services` are the names that `image` and `port` may use.
    pub fn resolve(layer: Layer, services: &[&str]) -> Result<Self> {
        let stack = layer.stack.unwrap_or_else(|| "tdd".into());
        check_stack_name(&stack)?;
        check_services("--image", layer.image.keys(), services)?;
        check_services("--port", layer.port.keys(), services)?;
        let images = layer.image.into_iter().map(parse_image).collect::<Result<_>>()?;
        if let Some(registry) = &layer.registry {
            check_registry(registry)?;
        }
        let settings = Self {
            stack,
            dir: layer.dir.unwrap_or_else(|| PathBuf::from(".")),
            host: layer.host,
            context: layer.context,
            registry: layer.registry,
            images,
            ports: layer.port,
            bind: layer.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            app_host: layer.app_host.unwrap_or_default(),
            environment: layer.environment.unwrap_or_else(|| "development".into()),
            grafana_password: layer.grafana_password.unwrap_or_else(|| WELL_KNOWN_PASSWORD.into()),
            output: layer.output.unwrap_or_default(),
            progress: layer.progress.unwrap_or_default(),
        };
        if !settings.bind.is_loopback() && settings.grafana_password == WELL_KNOWN_PASSWORD {
            return Err(usage(
                "--bind",
                format!(
                    "{} is reachable from other machines, and Grafana's password is the well-known one: \
                     choose another with `--grafana-password`",
                    settings.bind
                ),
            ));
        }
        Ok(settings)
    }
}

fn usage(place: &str, reason: impl Into<String>) -> Error {
    Error::Usage { place: place.into(), reason: reason.into() }
}

fn check_stack_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if starts_well && name.chars().all(allowed) && name.len() <= 48 {
        return Ok(());
    }
    Err(usage(
        "--stack",
        format!(
            "`{name}` is no stack name: up to 48 lower-case letters, digits, `-` or `_`, a letter or digit first"
        ),
    ))
}

fn check_services<'a>(flag: &str, used: impl Iterator<Item = &'a String>, known: &[&str]) -> Result<()> {
    for name in used {
        if !known.contains(&name.as_str()) {
            return Err(usage(
                flag,
                format!("there is no service `{name}`: it is one of {}", known.join(", ")),
            ));
        }
    }
    Ok(())
}

fn parse_image((service, text): (String, String)) -> Result<(String, ImageReference)> {
    let image = text
        .parse::<ImageReference>()
        .map_err(|error| usage(&format!("--image {service}={text}"), error.to_string()))?;
    Ok((service, image))
}

fn check_registry(host: &str) -> Result<()> {
    let sample: ImageReference =
        "a/b:1".parse().map_err(|error: ReferenceError| usage("--registry", error.to_string()))?;
    match sample.with_registry(host) {
        Ok(_) => Ok(()),
        Err(_) => Err(usage(
            "--registry",
            format!("`{host}` is no registry host: write it as `registry.example:5000`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&str] = &["prometheus", "grafana"];

    fn file(text: &str) -> Result<Layer> {
        Layer::from_yaml(text, Path::new("tdd-stack.yaml"))
    }

    #[test]
    fn defaults_are_the_specification_s() {
        let settings = Settings::resolve(Layer::default(), SERVICES).unwrap();
        assert_eq!(settings.stack, "tdd");
        assert_eq!(settings.grafana_password, "admin123");
        assert!(settings.bind.is_loopback());
    }

    #[test]
    fn an_upper_layer_wins_and_maps_merge() {
        let below =
            file("stack: below\nregistry: a:5000\nport: {grafana: 3001, prometheus: auto}\n").unwrap();
        let above = Layer {
            stack: Some("above".into()),
            port: [("grafana".to_string(), HostPort::Fixed(3002))].into(),
            ..Layer::default()
        };
        let settings = Settings::resolve(above.over(below), SERVICES).unwrap();
        assert_eq!(settings.stack, "above");
        assert_eq!(settings.registry.as_deref(), Some("a:5000"));
        assert_eq!(settings.ports["grafana"], HostPort::Fixed(3002));
        assert_eq!(settings.ports["prometheus"], HostPort::Auto);
    }

    #[test]
    fn a_context_above_does_not_meet_a_host_from_below() {
        let below = file("host: tcp://example:2375").unwrap();
        let above = Layer { context: Some("remote".into()), ..Layer::default() };
        let merged = above.over(below);
        assert_eq!((merged.host, merged.context.as_deref()), (None, Some("remote")));
    }

    #[test]
    fn a_faulty_file_names_line_and_key() {
        let error = file("stack: tdd\nprot:\n  grafana: 1\n").unwrap_err().to_string();
        assert!(error.contains("prot") && error.contains("line 2"), "{error}");
        let error = file("port:\n  grafana: 70000\n").unwrap_err().to_string();
        assert!(error.contains("tdd-stack.yaml"), "{error}");
    }

    #[test]
    fn bad_values_are_refused_with_the_way_out() {
        for (yaml, word) in [
            ("stack: Bad Name", "lower-case"),
            ("port: {loki: 1}", "prometheus, grafana"),
            ("image: {grafana: 'grafana/grafana'}", "grafana/grafana"),
            ("bind: 0.0.0.0", "--grafana-password"),
            ("registry: http://x", "registry.example:5000"),
        ] {
            let error = Settings::resolve(file(yaml).unwrap(), SERVICES).unwrap_err();
            assert!(error.to_string().contains(word), "{yaml}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn another_bind_address_needs_another_password() {
        let layer = file("bind: 0.0.0.0\ngrafana-password: long-and-own\n").unwrap();
        assert!(Settings::resolve(layer, SERVICES).is_ok());
    }

    #[test]
    fn ports_are_numbers_or_auto() {
        assert_eq!("auto".parse(), Ok(HostPort::Auto));
        assert_eq!("80".parse(), Ok(HostPort::Fixed(80)));
        assert!("0".parse::<HostPort>().is_err());
        assert!("x".parse::<HostPort>().is_err());
    }
}
