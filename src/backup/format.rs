//! The form of a backup: a tar archive under gzip compression with its manifest last, and a seal behind it.
//!
//! ```text
//! gzip( volumes/<volume>/…  config/<file>  manifest.json )  seal
//! ```
//!
//! The seal is a gzip member without content, so `tar -tzvf` lists a backup. In its comment it holds the SHA-256 of all before
//! it, and tells a damaged file at once; the manifest holds size and SHA-256 of every entry, and tells a forged one.
//! Never touches disk, engine or clock: it reads and writes what it is given.

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

/// Why a file is not taken for a backup.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It does not begin as a backup does.
    #[error("it is no backup of tdd-stack")]
    Foreign,
    /// It does not end as a backup does.
    #[error("it has no seal at its end: it is cut off, or no backup of tdd-stack")]
    Unsealed,
    /// It is not what was sealed.
    #[error("it is damaged: its content is not what was sealed")]
    Altered,
    /// Another program, or another release of this one, made it.
    #[error("its schema is `{}`, and this program reads `{SCHEMA}`", sanitize::line(.0))]
    Schema(String),
    /// The manifest says something else than the archive holds.
    #[error("its manifest does not describe what it holds")]
    Mismatch,
    /// The manifest is missing or no manifest.
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    /// An entry should not be there.
    #[error("its entry `{}` {reason}", sanitize::line(.path))]
    Entry {
        /// The entry's path.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Reading it, or writing what was read, failed.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
}
