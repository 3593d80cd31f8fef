//! `tdd-stack init`

use crate::error::{Error, Result};
use crate::model::observed::{Author, DiskFile};
use crate::model::stack::ConfigFile;
use crate::output::{FileOutcome, FileReport};
use crate::session::{Exit, Session};

/// Write the configuration files without starting anything
///
/// Keeps files that you edited.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Replace edited files too, and keep a backup of each
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let seen = session.stack.files.iter().map(|file| Ok((file, found(session, file.name)?)));
    let seen: Vec<(&ConfigFile, Option<DiskFile>)> = seen.collect::<Result<_>>()?;
    let mut reports = Vec::new();
    let mut due = Vec::new();
    for (file, found) in seen {
        let outcome = match found {
            Some(found) if found.content == file.content => FileOutcome::Unchanged,
            Some(found) if found.author == Author::User && !args.force => FileOutcome::Kept,
            found => {
                let is_theirs = found.is_some_and(|found| found.author == Author::User);
                due.push((file.name, file.content.as_ref()));
                FileOutcome::Written {
                    backup: is_theirs.then(|| session.folder.back_up(file.name)).transpose()?,
                }
            }
        };
        reports.push(FileReport { path: session.folder.path().join(file.name), outcome });
    }
    if !due.is_empty() {
        session.folder.write_all(&due).await?;
    }
    session.printer.files(&session.stack.name, &reports);
    Ok(Exit::Reached)
}

/// Returns a file on the disk. One that is not valid text counts as edited, so that `--force` can replace it.
fn found(session: &Session, name: &str) -> Result<Option<DiskFile>> {
    match session.folder.read([name].into_iter()) {
        Err(Error::Faults(_)) => Ok(Some(DiskFile { content: String::new(), author: Author::User })),
        read => Ok(read?.remove(name)),
    }
}
