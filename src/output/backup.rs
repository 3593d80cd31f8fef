//! What a backup and a restore came to.

use std::time::Duration;

use serde_json::{Value, json};

use crate::backup::format::{Manifest, RestoreReport, SaveReport};
use crate::model::sanitize;

/// Prints what a backup came to.
pub fn saved(is_json: bool, report: &SaveReport, total: Duration) {
    if is_json {
        let mut object = document("tdd-stack.backup-report/1", &report.manifest, total);
        object["stack"] = report.manifest.about.stack.clone().into();
        object["file"] = json!(report.file);
        object["bytes"] = report.bytes.into();
        let pauses = report.pauses.iter();
        object["pauses"] = pauses
            .map(|pause| json!({"service": pause.service, "seconds": pause.took.as_secs_f64()}))
            .collect();
        super::object(&object);
    } else {
        super::print(&format!(
            "stack {} is backed up to {}: {}, {} in {:.2} s\n",
            report.manifest.about.stack,
            sanitize::path(&report.file),
            content(&report.manifest),
            size(report.bytes),
            total.as_secs_f64(),
        ));
    }
}

/// Prints what a restore came to.
pub fn restored(is_json: bool, report: &RestoreReport, total: Duration) {
    if is_json {
        let mut object = document("tdd-stack.restore/1", &report.manifest, total);
        object["stack"] = report.stack.clone().into();
        object["from"] = report.manifest.about.stack.clone().into();
        object["file"] = json!(report.file);
        object["written"] = json!(report.written);
        object["kept"] = json!(report.kept);
        super::object(&object);
    } else {
        super::print(&format!(
            "stack {} has the data of {}, backed up {}: {} in {:.2} s\n`tdd-stack up` brings it up with them; \
             Grafana's login is the one it had then\n",
            report.stack,
            sanitize::line(&report.manifest.about.stack),
            sanitize::line(&report.manifest.about.created),
            content(&report.manifest),
            total.as_secs_f64(),
        ));
    }
}

fn document(schema: &str, manifest: &Manifest, total: Duration) -> Value {
    let volumes = manifest.volumes().into_iter();
    json!({
        "schema": schema,
        "ok": true,
        "seconds": total.as_secs_f64(),
        "created": manifest.about.created,
        "version": manifest.about.version,
        "images": manifest.about.images,
        "volumes": volumes
            .map(|name| json!({"name": name, "bytes": manifest.bytes(name)}))
            .collect::<Vec<_>>(),
        "files": manifest.files(),
    })
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
