//! `tdd-stack dashboards`

use super::{Exit, Session};
use crate::dashboard;
use crate::error::{Error, Result};
use crate::files::Existing;
use crate::http::Grafana;
use crate::observe::base;
use crate::observed::Author;
use crate::render::{self, FileOutcome, FileReport};

/// Bring edits that were made inside Grafana back into the files
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What can be done with dashboards.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write each dashboard as Grafana holds it to its file; one that you edited is kept as a backup
    Pull,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    match args.action {
        Action::Pull => pull(session).await,
    }
}

async fn pull(session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let objects = engine.inventory(&session.stack.name).await?.objects;
    let Some(base) = base(&objects, "grafana", &engine) else {
        return Err(Error::Amiss(vec!["grafana does not run, so its dashboards cannot be read".into()]));
    };
    let work = async {
        let grafana = Grafana::new(&session.http, base, &session.stack);
        let folder = dashboard::marks_folder(&session.stack);
        let container = session.stack.container("grafana");
        let mut reports = Vec::new();
        for wanted in &session.stack.dashboards {
            let Some(seen) = grafana.dashboard(wanted.uid).await? else { continue };
            let file = session.folder.read([wanted.file].into_iter())?.remove(wanted.file);
            let before = file.as_ref().map_or("", |file| file.content.as_str());
            let held = dashboard::parse(before, wanted.uid)
                .is_ok_and(|file| dashboard::mark(&file) == dashboard::mark(&seen));
            let outcome = if held {
                FileOutcome::Unchanged
            } else {
                let backup = match &file {
                    Some(file) if file.author == Author::User => Some(session.folder.back_up(wanted.file)?),
                    _ => None,
                };
                session.folder.write_for_user(
                    wanted.file,
                    &dashboard::to_file(&seen, before),
                    Existing::Replace,
                )?;
                FileOutcome::Written { backup }
            };
            // From now on the file and Grafana say the same, and the next difference is a new edit.
            let mark = (dashboard::mark_name(wanted.uid), dashboard::mark(&seen));
            engine.operator().upload(&container, folder, &[mark]).await?;
            reports.push(FileReport { path: session.folder.path().join(wanted.file), outcome });
        }
        Ok(reports)
    };
    let reports = session.alone(&engine, &objects, "dashboards pull", work).await?;
    render::files(session.json(), &reports);
    Ok(Exit::Reached)
}
