//! The values that settings can have.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

/// A port of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(into = "String")]
pub enum HostPort {
    /// This port.
    Fixed(u16),
    /// Any free port; the container keeps the chosen one.
    Auto,
}

impl From<HostPort> for String {
    fn from(port: HostPort) -> Self {
        match port {
            HostPort::Fixed(number) => number.to_string(),
            HostPort::Auto => "auto".into(),
        }
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.parse() {
            Ok(0) | Err(_) if text != "auto" => {
                Err(format!("`{text}` is not a port: use a number from 1 to 65535, or `auto`"))
            }
            Ok(number) => Ok(Self::Fixed(number)),
            Err(_) => Ok(Self::Auto),
        }
    }
}

/// Where the containers find the application (`tdd-app`) and the alert receiver (`tdd-webhook`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppHost {
    /// On the engine's host.
    #[default]
    EngineHost,
    /// At this address.
    Address(IpAddr),
    /// In containers on the stack's network that carry these names as aliases.
    Network,
}

impl FromStr for AppHost {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "host" => Ok(Self::EngineHost),
            "network" => Ok(Self::Network),
            address => address
                .parse()
                .map(Self::Address)
                .map_err(|_| format!("`{text}` is neither `host`, `network` nor an IP address")),
        }
    }
}

/// The format of results on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OutputFormat {
    /// Text
    #[default]
    Human,
    /// One JSON object with a versioned schema
    Json,
}

/// The format of progress on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressFormat {
    /// Bars on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// Progress bars
    Bars,
    /// One line per operation
    Plain,
    /// One JSON object per line
    Json,
    /// Failures only
    Quiet,
}

/// Parses a boolean of a variable or of the settings file.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" | "true" => Some(true),
        "0" | "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

/// Parses `SERVICE=VALUE`.
pub fn pair<T>(text: &str) -> std::result::Result<(String, T), String>
where
    T: FromStr,
    T::Err: Display,
{
    let (service, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not a pair: write it as SERVICE=VALUE"))?;
    let value = value.trim().parse().map_err(|error: T::Err| error.to_string())?;
    Ok((service.trim().to_string(), value))
}

/// Parses a list of `SERVICE=VALUE`, separated by commas.
pub fn pairs<T>(text: &str) -> std::result::Result<BTreeMap<String, T>, String>
where
    T: FromStr,
    T::Err: Display,
{
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_in_any_case() {
        for (text, expected) in [
            ("1", Some(true)),
            ("Yes", Some(true)),
            ("ON", Some(true)),
            ("true", Some(true)),
            ("0", Some(false)),
            ("No", Some(false)),
            ("off", Some(false)),
            ("FALSE", Some(false)),
            ("", None),
            ("2", None),
        ] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }

    #[test]
    fn ports_are_numbers_or_auto() {
        assert_eq!("auto".parse(), Ok(HostPort::Auto));
        assert_eq!("80".parse(), Ok(HostPort::Fixed(80)));
        assert!("0".parse::<HostPort>().is_err());
        assert!("x".parse::<HostPort>().is_err());
    }
}
