//! `tdd-stack dashboards`

use serde_json::Value;

use crate::config::dashboard;
use crate::error::{Conflict, Error, Result};
use crate::files::Existing;
use crate::http::GrafanaClient;
use crate::model::observed::{Author, DiskFile};
use crate::model::stack::Dashboard;
use crate::observe::{base, reaches_running};
use crate::output::{self, FileOutcome, FileReport};
use crate::session::{Exit, Session};

/// Save dashboards that were edited in Grafana
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// The actions on dashboards.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write each dashboard that was edited in Grafana to its file
    ///
    /// Fails with exit code 4 if the file was edited too since the last import.
    Pull {
        /// Replace edited files too, and keep a backup of each
        #[arg(long)]
        overwrite: bool,
    },
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    match args.action {
        Action::Pull { overwrite } => pull(overwrite, session).await,
    }
}

/// A dashboard and its file.
struct Pair<'a> {
    wanted: &'a Dashboard,
    seen: Value,
    file: Option<DiskFile>,
    /// What the pull does with it.
    decision: Decision,
}

/// What a pull does with a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing: nobody edited it inside Grafana.
    Leave,
    /// Nothing but to mark it: the file says the same.
    Same,
    /// The file is written.
    Write,
    /// Grafana and the file were edited.
    Conflict,
}

async fn pull(overwrite: bool, session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let objects = engine.inventory(&session.stack.name).await?.objects;
    reaches_running(&engine, &objects)?;
    let Some(base) = base(&objects, "grafana", &engine) else {
        return Err(Error::Problems(vec!["grafana does not run, so its dashboards cannot be read".into()]));
    };
    let work = async {
        let grafana = GrafanaClient::new(&session.http, base, &session.stack);
        let folder = dashboard::checksums_folder(&session.stack);
        let container = session.stack.container("grafana");
        let mut pairs = Vec::new();
        for wanted in &session.stack.dashboards {
            let path = format!("{folder}/{}", dashboard::checksum_name(wanted.uid));
            let (seen, left) =
                tokio::try_join!(grafana.dashboard(wanted.uid), engine.file(&container, &path))?;
            let Some(seen) = seen else { continue };
            let file = session.folder.read([wanted.file].into_iter())?.remove(wanted.file);
            let decision = decide(wanted, &seen, file.as_ref(), left.as_deref(), overwrite);
            pairs.push(Pair { wanted, seen, file, decision });
        }
        let conflict = |pair: &Pair<'_>| Conflict::Dashboard {
            uid: pair.wanted.uid.to_string(),
            file: pair.wanted.file.to_string(),
        };
        let conflicts: Vec<Conflict> =
            pairs.iter().filter(|pair| pair.decision == Decision::Conflict).map(conflict).collect();
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
        let mut reports = Vec::new();
        for pair in pairs {
            let outcome = if pair.decision == Decision::Write {
                write(session, &pair).await?
            } else {
                FileOutcome::Unchanged
            };
            if pair.decision != Decision::Leave {
                // From now on the file and Grafana say the same, and the next difference is a new edit.
                let checksum = dashboard::checksum(&pair.seen, &pair.seen);
                let checksum = (dashboard::checksum_name(pair.wanted.uid), checksum);
                engine.operator().upload(&container, folder, &[checksum]).await?;
            }
            reports.push(FileReport { path: session.folder.path().join(pair.wanted.file), outcome });
        }
        Ok(reports)
    };
    let reports = session.with_lock(&engine, &objects, "dashboards pull", work).await?;
    output::files(session.json(), &reports);
    Ok(Exit::Reached)
}

fn decide(
    wanted: &Dashboard,
    seen: &Value,
    file: Option<&DiskFile>,
    left: Option<&str>,
    overwrite: bool,
) -> Decision {
    let body = file.and_then(|file| dashboard::parse(&file.content, wanted.uid).ok());
    if body.as_ref().is_some_and(|body| dashboard::is_same(seen, body)) {
        return Decision::Same;
    }
    if overwrite || file.is_none() {
        return Decision::Write;
    }
    if left.is_some() && !dashboard::is_edited(seen, left) {
        return Decision::Leave;
    }
    match dashboard::is_file_edited(body.as_ref(), left) {
        Some(true) => Decision::Conflict,
        Some(false) | None => Decision::Write,
    }
}

async fn write(session: &Session, pair: &Pair<'_>) -> Result<FileOutcome> {
    let name = pair.wanted.file;
    let backup = match &pair.file {
        Some(file) if file.author == Author::User => Some(session.folder.back_up(name)?),
        _ => None,
    };
    let before = pair.file.as_ref().map_or("", |file| file.content.as_str());
    let text = dashboard::to_file(&pair.seen, before);
    session.folder.write_for_user(name, &text, Existing::Replace).await?;
    Ok(FileOutcome::Written { backup })
}
