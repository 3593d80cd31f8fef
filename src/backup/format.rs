//! The format of a backup: a gzip-compressed tar archive that ends with a manifest, followed by a seal.
//!
//! ```text
//! gzip( volumes/<volume>/…  config/<file>  manifest.json )  seal
//! ```
//!
//! The seal is an empty gzip member, so `tar -tzvf` lists a backup. Its comment contains the SHA-256 of
//! everything before it, which detects a damaged file. The manifest contains size and SHA-256 of every entry,
//! which detects a forged file. Uses no disk, engine or clock, only the readers and writers that it gets.

mod manifest;
mod read;
mod report;
mod seal;
#[cfg(test)]
mod tests;
mod write;

pub use manifest::{About, Entry, EntryKind, Manifest, RecordedImage, SCHEMA};
pub use read::{Known, Verified, copy_volume, verify};
pub use report::{Pause, RestoreReport, SaveReport};
pub use write::Writer;

use crate::model::sanitize;

/// Why a file is not a valid backup.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The file does not start like a backup.
    #[error("it is not a backup of tdd-stack")]
    Foreign,
    /// The file does not end like a backup.
    #[error("it has no seal at its end: it is truncated, or not a backup of tdd-stack")]
    Unsealed,
    /// The checksum in the seal does not match.
    #[error("it is damaged: its content does not match its seal")]
    Altered,
    /// Another release of this program, or another program, wrote it.
    #[error("its schema is `{}`, but this program reads `{SCHEMA}`", sanitize::line(.0))]
    Schema(String),
    /// The manifest does not match the archive.
    #[error("its manifest does not match its content")]
    Mismatch,
    /// The manifest is missing or not valid.
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    /// An entry is not allowed in a backup.
    #[error("its entry `{}` {reason}", sanitize::line(.path))]
    Entry {
        /// The entry's path.
        path: String,
        /// The problem.
        reason: &'static str,
    },
    /// Reading the file or writing its content failed.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}
