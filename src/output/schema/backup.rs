//! `tdd-stack.backup-report/1` and `tdd-stack.restore/1`: what a backup saved, and what a restore wrote.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::path;
use crate::backup::format::{Manifest, RecordedImage, RestoreReport, SaveReport};

/// The result of `backup`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.backup-report/1")]
pub(crate) struct SavedDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// The path of the backup.
    file: String,
    /// The size of the backup in bytes.
    bytes: u64,
    /// The services that were stopped for the backup.
    pauses: Vec<PauseItem<'a>>,
    /// The content of the backup.
    #[serde(flatten)]
    content: ContentItem<'a>,
}

/// The result of `restore`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.restore/1")]
pub(crate) struct RestoredDocument<'a> {
    /// The name of the stack that the data was restored to.
    stack: &'a str,
    /// The name of the stack that was backed up.
    from: &'a str,
    /// The path of the backup.
    file: String,
    /// The configuration files that were written.
    written: Vec<String>,
    /// The configuration files that differ from the backup and were kept.
    kept: Vec<String>,
    /// The content of the backup.
    #[serde(flatten)]
    content: ContentItem<'a>,
}

/// The content of a backup.
#[derive(Debug, Serialize)]
struct ContentItem<'a> {
    /// Whether the command succeeded, which is always true: otherwise an error is printed.
    ok: bool,
    /// The duration of the command in seconds.
    seconds: f64,
    /// The time of the backup in RFC 3339.
    created: &'a str,
    /// The version of tdd-stack that made the backup.
    version: &'a str,
    /// The images that wrote the data, by service.
    images: BTreeMap<&'a str, ImageItem<'a>>,
    /// The volumes.
    volumes: Vec<VolumeItem<'a>>,
    /// The names of the configuration files.
    files: Vec<&'a str>,
}

/// An image.
#[derive(Debug, Serialize)]
struct ImageItem<'a> {
    /// The reference, such as `prom/prometheus:v3.13.4`.
    reference: &'a str,
    /// The id.
    id: &'a str,
}

/// A volume.
#[derive(Debug, Serialize)]
struct VolumeItem<'a> {
    /// The name without the name of the stack.
    name: &'a str,
    /// The size of its files in bytes.
    bytes: u64,
}

/// The downtime of a service.
#[derive(Debug, Serialize)]
struct PauseItem<'a> {
    /// The name of the service.
    service: &'a str,
    /// The time from its stop until it was ready again, in seconds.
    seconds: f64,
}

pub(crate) fn saved(report: &SaveReport, total: Duration) -> SavedDocument<'_> {
    let pauses = report.pauses.iter();
    SavedDocument {
        stack: &report.manifest.about.stack,
        file: path(&report.file),
        bytes: report.bytes,
        pauses: pauses
            .map(|pause| PauseItem { service: &pause.service, seconds: pause.took.as_secs_f64() })
            .collect(),
        content: ContentItem::of(&report.manifest, total),
    }
}

pub(crate) fn restored(report: &RestoreReport, total: Duration) -> RestoredDocument<'_> {
    RestoredDocument {
        stack: &report.stack,
        from: &report.manifest.about.stack,
        file: path(&report.file),
        written: report.written.iter().map(|file| path(file)).collect(),
        kept: report.kept.iter().map(|file| path(file)).collect(),
        content: ContentItem::of(&report.manifest, total),
    }
}

impl<'a> ContentItem<'a> {
    fn of(manifest: &'a Manifest, total: Duration) -> Self {
        let image = |(service, image): (&'a String, &'a RecordedImage)| {
            (service.as_str(), ImageItem { reference: &image.reference, id: &image.id })
        };
        let volume = |name: &'a str| VolumeItem { name, bytes: manifest.bytes(name) };
        Self {
            ok: true,
            seconds: total.as_secs_f64(),
            created: &manifest.about.created,
            version: &manifest.about.version,
            images: manifest.about.images.iter().map(image).collect(),
            volumes: manifest.volumes().into_iter().map(volume).collect(),
            files: manifest.files(),
        }
    }
}
