//! The manifest of a backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of the format; its number changes when older programs cannot read the new format.
pub const SCHEMA: &str = "tdd-stack.backup/1";

/// The path of the manifest in the archive.
pub(super) const MANIFEST: &str = "manifest.json";
/// The folder of the volumes in the archive.
pub(super) const VOLUMES: &str = "volumes/";
/// The folder of the configuration files in the archive.
pub(super) const CONFIG: &str = "config/";

/// The manifest of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// The origin of the backup.
    #[serde(flatten)]
    pub about: About,
    /// All other entries of the archive, in order.
    pub entries: Vec<Entry>,
}

/// The origin of a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The stack's name.
    pub stack: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// The time of its start, such as `2026-11-24T10:00:00Z`.
    pub created: String,
    /// The images that wrote the data, by service.
    pub images: BTreeMap<String, RecordedImage>,
    /// The configuration files that the user had edited.
    pub edited: Vec<String>,
}

/// An image's reference and id.
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
    /// The path, such as `volumes/prometheus_data/wal/00000000`.
    pub path: String,
    /// The kind of entry.
    pub kind: EntryKind,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 of the content, for files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A hard link to a file.
    Name,
}

impl Manifest {
    /// Returns the names of the volumes, without the stack's name, in order.
    pub fn volumes(&self) -> Vec<&str> {
        let roots = self.entries.iter().filter_map(|entry| entry.path.strip_prefix(VOLUMES));
        roots.filter(|path| !path.contains('/')).collect()
    }

    /// Returns the names of the configuration files.
    pub fn files(&self) -> Vec<&str> {
        self.entries.iter().filter_map(|entry| entry.path.strip_prefix(CONFIG)).collect()
    }

    /// Returns the total size of a volume's files in bytes.
    pub fn bytes(&self, volume: &str) -> u64 {
        let prefix = format!("{VOLUMES}{volume}/");
        self.entries.iter().filter(|entry| entry.path.starts_with(&prefix)).map(|entry| entry.size).sum()
    }
}
