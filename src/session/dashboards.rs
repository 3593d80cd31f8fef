//! Writes dashboards that were edited in Grafana to their files.

use serde_json::Value;

use super::{Exit, Session};
use crate::config::dashboard;
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result};
use crate::files::Existing;
use crate::http::GrafanaClient;
use crate::model::observed::{Author, DiskFile};
use crate::model::stack::Dashboard;
use crate::observe::{base, reaches_running};
use crate::output::{FileOutcome, FileReport};

/// A dashboard with its file.
struct Pair<'a> {
    shipped: &'a Dashboard,
    /// The dashboard in Grafana.
    seen: Value,
    file: Option<DiskFile>,
    decision: Decision,
}

/// What happens to a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing: it was not edited in Grafana.
    Leave,
    /// Its checksum is stored, because the file has the same content.
    Same,
    /// The file is written.
    Write,
    /// Both Grafana's version and the file were edited.
    Conflict,
}

impl Session {
    /// Writes each edited dashboard to its file. With `overwrite`, edited files are replaced too.
    pub(crate) async fn pull_dashboards(&self, overwrite: bool) -> Result<Exit> {
        let engine = self.engine().await?;
        let objects = engine.inventory(&self.stack.name).await?.objects;
        reaches_running(&engine, &objects)?;
        let Some(base) = base(&objects, "grafana", &engine) else {
            return Err(Error::Problems(vec![
                "grafana does not run, so its dashboards cannot be read".into(),
            ]));
        };
        let work = self.pull_locked(&engine, base, overwrite);
        let reports = self.with_lock(&engine, &objects, "dashboards pull", work).await?;
        self.printer.pulled(&self.stack.name, &reports);
        Ok(Exit::Reached)
    }

    async fn pull_locked(&self, engine: &Engine, base: String, overwrite: bool) -> Result<Vec<FileReport>> {
        let grafana = GrafanaClient::new(&self.http, base, &self.stack);
        let folder = dashboard::checksums_folder(&self.stack);
        let container = self.stack.container("grafana");
        let mut pairs = Vec::new();
        for shipped in &self.stack.dashboards {
            let path = format!("{folder}/{}", dashboard::checksum_name(shipped.uid));
            let (seen, checksum) =
                tokio::try_join!(grafana.dashboard(shipped.uid), engine.file(&container, &path))?;
            let Some(seen) = seen else { continue };
            let file = self.folder.read([shipped.file].into_iter())?.remove(shipped.file);
            let decision = decide(shipped, &seen, file.as_ref(), checksum.as_deref(), overwrite);
            pairs.push(Pair { shipped, seen, file, decision });
        }
        let conflict = |pair: &Pair<'_>| Conflict::Dashboard {
            uid: pair.shipped.uid.to_string(),
            file: pair.shipped.file.to_string(),
        };
        let conflicts: Vec<Conflict> =
            pairs.iter().filter(|pair| pair.decision == Decision::Conflict).map(conflict).collect();
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
        let mut reports = Vec::new();
        for pair in pairs {
            let outcome = match pair.decision {
                Decision::Write => self.write_dashboard(&pair).await?,
                Decision::Leave | Decision::Same | Decision::Conflict => FileOutcome::Unchanged,
            };
            if pair.decision != Decision::Leave {
                // File and Grafana are the same now, so the next difference is a new edit.
                let checksum = dashboard::checksum(&pair.seen, &pair.seen);
                let checksum = (dashboard::checksum_name(pair.shipped.uid), checksum);
                engine.operator().upload(&container, folder, &[checksum]).await?;
            }
            reports.push(FileReport { path: self.folder.path().join(pair.shipped.file), outcome });
        }
        Ok(reports)
    }

    async fn write_dashboard(&self, pair: &Pair<'_>) -> Result<FileOutcome> {
        let name = pair.shipped.file;
        let backup = match &pair.file {
            Some(file) if file.author == Author::User => Some(self.folder.back_up(name)?),
            _ => None,
        };
        let before = pair.file.as_ref().map_or("", |file| file.content.as_str());
        let text = dashboard::to_file(&pair.seen, before);
        self.folder.write_for_user(name, &text, Existing::Replace).await?;
        Ok(FileOutcome::Written { backup })
    }
}

/// `checksum` is the one that the last import stored.
fn decide(
    shipped: &Dashboard,
    seen: &Value,
    file: Option<&DiskFile>,
    checksum: Option<&str>,
    overwrite: bool,
) -> Decision {
    let body = file.and_then(|file| dashboard::parse(&file.content, shipped.uid).ok());
    if body.as_ref().is_some_and(|body| dashboard::is_same(seen, body)) {
        return Decision::Same;
    }
    if overwrite || file.is_none() {
        return Decision::Write;
    }
    if checksum.is_some() && !dashboard::is_edited(seen, checksum) {
        return Decision::Leave;
    }
    match dashboard::is_file_edited(body.as_ref(), checksum) {
        Some(true) => Decision::Conflict,
        Some(false) | None => Decision::Write,
    }
}
