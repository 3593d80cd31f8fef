//! What a backup or a restore came to.

use std::path::PathBuf;
use std::time::Duration;

use super::Manifest;

/// A service that was away for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The service's name.
    pub service: String,
    /// From the stop until it was ready again.
    pub took: Duration,
}

/// What a backup came to.
#[derive(Clone, Debug)]
pub struct SaveReport {
    /// The backup.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Who was away, and how long.
    pub pauses: Vec<Pause>,
}

/// What a restore came to.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    /// The stack that has the data now.
    pub stack: String,
    /// The backup.
    pub file: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The configuration files that were written.
    pub written: Vec<PathBuf>,
    /// The configuration files that say something else than the backup, and stay.
    pub kept: Vec<PathBuf>,
}
