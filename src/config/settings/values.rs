//! The values that settings can have.

use std::net::IpAddr;

use serde::Deserialize;

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
pub enum OutputFormat {
    /// Text
    #[default]
    Human,
    /// One JSON object with a versioned schema
    Json,
}

/// The form of progress on standard error.
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
