//! How the lock of a stack was lost.

use std::fmt;
use std::time::Duration;

/// How a lock was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockLoss {
    /// Its container was removed.
    Removed,
    /// Another program has it, which is named.
    Taken(String),
    /// This program was suspended, or cut off from the engine, for at least so long, and another one removed it.
    Silent(Duration),
}

impl fmt::Display for LockLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed => write!(f, "its container was removed"),
            Self::Taken(holder) => write!(f, "{holder} has it"),
            Self::Silent(time) => {
                let time = humantime::format_duration(*time);
                write!(f, "it gave no sign of life for {time}, and another one took its place")
            }
        }
    }
}
