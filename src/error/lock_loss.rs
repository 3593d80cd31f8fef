//! The ways in which the lock of a stack is lost.

use std::fmt;
use std::time::Duration;

/// How a lock was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockLoss {
    /// Its container was removed.
    Removed,
    /// Another program holds it; this is its description.
    Taken(String),
    /// This program was suspended or cut off from the engine for at least this long, and another program took
    /// the lock.
    Silent(Duration),
}

impl fmt::Display for LockLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed => write!(f, "its container was removed"),
            Self::Taken(holder) => write!(f, "{holder} holds it"),
            Self::Silent(time) => {
                let time = humantime::format_duration(*time);
                write!(f, "it was not renewed for {time}, and another program took it over")
            }
        }
    }
}
