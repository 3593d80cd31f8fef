//! `tdd-stack init`

use super::{Exit, Session};
use crate::error::Result;
use crate::observed::Author;
use crate::render::{self, FileOutcome, FileReport};

/// Write the configuration files and stop
///
/// Files that you edited stay as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Replace edited files too, and keep a backup of each
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let seen = session.folder.read(session.stack.files.iter().map(|file| file.name))?;
    let mut reports = Vec::new();
    for file in &session.stack.files {
        let outcome = match seen.get(file.name) {
            Some(found) if found.content == file.content => FileOutcome::Unchanged,
            Some(found) if found.author == Author::User && !args.force => FileOutcome::Kept,
            found => {
                let backup = match found {
                    Some(found) if found.author == Author::User => Some(session.folder.back_up(file.name)?),
                    _ => None,
                };
                session.folder.write(file.name, &file.content)?;
                FileOutcome::Written { backup }
            }
        };
        reports.push(FileReport { path: session.folder.path().join(file.name), outcome });
    }
    render::files(session.json(), &reports);
    Ok(Exit::Reached)
}
