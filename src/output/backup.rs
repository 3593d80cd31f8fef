//! What a backup and a restore came to.

use std::time::Duration;

use super::printer::Printer;
use super::schema;
use super::screen::text_screen;
use crate::backup::format::{Manifest, RestoreReport, SaveReport};
use crate::model::sanitize;

impl Printer {
    /// Prints what a backup saved.
    pub fn saved(&self, report: &SaveReport, total: Duration) {
        let text = || {
            format!(
                "stack {} is backed up to {}: {}, {} in {:.2} s\n",
                report.manifest.about.stack,
                sanitize::path(&report.file),
                content(&report.manifest),
                size(report.bytes),
                total.as_secs_f64(),
            )
        };
        self.result(|_| text_screen(&text()), || schema::saved(report, total));
    }

    /// Prints what a restore wrote.
    pub fn restored(&self, report: &RestoreReport, total: Duration) {
        let text = || {
            format!(
                "stack {} has the data of {}, backed up {}: {} in {:.2} s\n`tdd-stack up` starts it with this data; \
                 Grafana's login is the one of the backup\n",
                report.stack,
                sanitize::line(&report.manifest.about.stack),
                sanitize::line(&report.manifest.about.created),
                content(&report.manifest),
                total.as_secs_f64(),
            )
        };
        self.result(|_| text_screen(&text()), || schema::restored(report, total));
    }
}

fn content(manifest: &Manifest) -> String {
    let volumes = manifest.volumes();
    let bytes = volumes.iter().map(|name| manifest.bytes(name)).sum();
    format!(
        "{} volumes with {}, {} files of configuration",
        volumes.len(),
        size(bytes),
        manifest.files().len()
    )
}

/// Returns a size as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
