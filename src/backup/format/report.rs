//! The results of a backup or a restore.

use std::path::PathBuf;
use std::time::Duration;

use super::Manifest;

/// The downtime of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The service's name.
    pub service: String,
    /// The time from the stop until the service was ready again.
    pub took: Duration,
}

/// The result of a backup.
#[derive(Clone, Debug)]
pub struct SaveReport {
    /// The backup.
    pub file: PathBuf,
    /// The size in bytes.
    pub bytes: u64,
    /// The manifest.
    pub manifest: Manifest,
    /// The services that were stopped, with their downtimes.
    pub pauses: Vec<Pause>,
}

/// The result of a restore.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    /// The stack that the data was restored to.
    pub stack: String,
    /// The backup.
    pub file: PathBuf,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration files that were written.
    pub written: Vec<PathBuf>,
    /// The configuration files that differ from the backup and were kept.
    pub kept: Vec<PathBuf>,
}
