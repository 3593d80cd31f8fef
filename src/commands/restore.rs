//! `tdd-stack restore`

use std::path::PathBuf;
use std::time::Instant;

use crate::backup::{Occupied, Restoring, interrupt, unless};
use crate::context::StackContext;
use crate::error::Result;
use crate::session::{Exit, Session};

/// Restore data from a backup
///
/// Verifies the whole file before it changes anything. The stack must be down and must not have data; the name and the
/// engine can be other ones. Writes missing configuration files. `tdd-stack up` then starts with the restored data.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File that `tdd-stack backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Remove existing data first
    #[arg(long)]
    overwrite: bool,
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()> + Send + 'static,
) -> Result<Exit> {
    let began = Instant::now();
    let interrupted = interrupt(interrupted);
    let occupied = if args.overwrite { Occupied::Overwrite } else { Occupied::Keep };
    let work = async |context: StackContext<'_>| {
        let restoring = unless(&interrupted, Restoring::prepare(context, &args.file, occupied)).await?;
        let told = |text: &str| session.printer.talk(began.elapsed(), text);
        restoring.restore(&interrupted, told).await
    };
    let report = Box::pin(session.with_backup_lock("restore", &interrupted, work)).await?;
    session.printer.restored(&report, began.elapsed());
    Ok(Exit::Reached)
}
