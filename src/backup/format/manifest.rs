//! What a backup says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The form's name; its number changes when an older program could not read it.
pub const SCHEMA: &str = "tdd-stack.backup/1";

/// The manifest's place in the archive.
pub(super) const MANIFEST: &str = "manifest.json";
/// Where the volumes are in the archive.
pub(super) const VOLUMES: &str = "volumes/";
/// Where the configuration files are in the archive.
pub(super) const CONFIG: &str = "config/";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub about: About,
    /// Everything else in the archive, in its order.
    pub entries: Vec<Entry>,
}

/// Where a backup comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The stack's name.
    pub stack: String,
    /// The version of the program that made it.
    pub version: String,
    /// When it was begun, such as `2026-11-24T10:00:00Z`.
    pub created: String,
    /// The images that wrote the data, by service.
    pub images: BTreeMap<String, RecordedImage>,
    /// The configuration files that the user had edited.
    pub edited: Vec<String>,
}

/// An image by both its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedImage {
    /// The reference, such as `prom/prometheus:v3.13.4`.
    pub reference: String,
    /// The id.
    pub id: String,
}

/// One entry of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path, such as `volumes/prometheus_data/wal/00000000`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content, of a file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A further name of a file.
    Name,
}

impl Manifest {
    /// Returns the volumes that it holds, each without the stack's name, in their order.
    pub fn volumes(&self) -> Vec<&str> {
        let roots = self.entries.iter().filter_map(|entry| entry.path.strip_prefix(VOLUMES));
        roots.filter(|path| !path.contains('/')).collect()
    }

    /// Returns the configuration files that it holds.
    pub fn files(&self) -> Vec<&str> {
        self.entries.iter().filter_map(|entry| entry.path.strip_prefix(CONFIG)).collect()
    }

    /// Returns how many bytes the files of a volume have.
    pub fn bytes(&self, volume: &str) -> u64 {
        let prefix = format!("{VOLUMES}{volume}/");
        self.entries.iter().filter(|entry| entry.path.starts_with(&prefix)).map(|entry| entry.size).sum()
    }
}
