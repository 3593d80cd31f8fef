//! Causes by which a hint is chosen.

use std::fmt::{self, Display, Formatter};

/// The engine is older than the API that is needed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("it speaks API {api}, and 1.41 (Docker Engine 20.10) is the oldest that will do")]
pub struct TooOld {
    /// The newest version of the API that it speaks.
    pub api: String,
}

/// Why a service does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It runs on with the old configuration, since it refuses the new one.
    ConfigurationRefused,
    /// There is no running container.
    NotRunning,
    /// Its container is paused.
    Paused,
    /// Its container was created and not started.
    NeverStarted,
    /// Its container ended.
    Ended(End),
    /// Its container ends again and again.
    CrashLoop(End),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Its first process' exit code.
    pub code: i64,
    /// Whether it was killed because memory had run out.
    pub is_out_of_memory: bool,
    /// Whether its program is built for another processor.
    pub is_for_other_processor: bool,
    /// The most memory that it may use, in bytes, where that is limited.
    pub memory: Option<i64>,
    /// What the engine says of it.
    pub reason: Option<String>,
}

impl Death {
    /// Returns how its container ended, where it did.
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Ended(end) | Self::CrashLoop(end) => Some(end),
            Self::ConfigurationRefused | Self::NotRunning | Self::Paused | Self::NeverStarted => None,
        }
    }
}

impl Display for Death {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigurationRefused => {
                f.write_str("refuses the new configuration and goes on with the old one")
            }
            Self::NotRunning => f.write_str("is not running"),
            Self::Paused => f.write_str("is paused"),
            Self::NeverStarted => f.write_str("was never started"),
            Self::Ended(end) => write!(f, "{end}"),
            Self::CrashLoop(end) => write!(f, "{end} and is restarted again and again"),
        }
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "exited with code {}", self.code)?;
        match self.memory {
            Some(bytes) if self.is_out_of_memory => {
                write!(f, ", killed for its memory limit of {} MiB", bytes >> 20)?;
            }
            None if self.is_out_of_memory => {
                write!(f, ", killed because the engine's host is out of memory")?;
            }
            _ => {}
        }
        self.reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
    }
}
