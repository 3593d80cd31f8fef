//! Causes that decide which hint an error gets.

use std::fmt::{self, Display, Formatter};

/// The engine is older than the oldest supported API.
#[derive(Clone, Debug, thiserror::Error)]
#[error("it supports API {api}; the minimum is 1.41 (Docker Engine 20.10)")]
pub struct TooOld {
    /// The newest version of the API that the engine supports.
    pub api: String,
}

/// Why a service does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It rejects the new configuration and still runs with the old one.
    ConfigurationRefused,
    /// It has no running container.
    NotRunning,
    /// Its container is paused.
    Paused,
    /// Its container was created but never started.
    NeverStarted,
    /// Its container exited.
    Ended(End),
    /// Its container exits repeatedly.
    CrashLoop(End),
}

/// How a container exited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The exit code of its first process.
    pub code: i64,
    /// Whether it was killed because memory ran out.
    pub is_out_of_memory: bool,
    /// Whether its program is built for another CPU architecture.
    pub is_for_other_processor: bool,
    /// Its memory limit in bytes, if it has one.
    pub memory: Option<i64>,
    /// The engine's reason.
    pub reason: Option<String>,
}

impl Death {
    /// Returns how the container exited, if it did.
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
                f.write_str("rejects the new configuration and still runs with the old one")
            }
            Self::NotRunning => f.write_str("is not running"),
            Self::Paused => f.write_str("is paused"),
            Self::NeverStarted => f.write_str("was never started"),
            Self::Ended(end) => write!(f, "{end}"),
            Self::CrashLoop(end) => write!(f, "{end} and is crash-looping"),
        }
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "exited with code {}", self.code)?;
        match self.memory {
            Some(bytes) if self.is_out_of_memory => {
                write!(f, ", killed because it reached its memory limit of {} MiB", bytes >> 20)?;
            }
            None if self.is_out_of_memory => {
                write!(f, ", killed because the engine's host is out of memory")?;
            }
            _ => {}
        }
        self.reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
    }
}
