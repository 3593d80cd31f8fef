//! `tdd-stack restore`

use std::path::PathBuf;
use std::time::Instant;

use crate::backup::{Occupied, Restoring, interrupt, unless};
use crate::context::StackContext;
use crate::error::Result;
use crate::session::{Exit, Session};

/// Bring the data of a backup back, for the next `up`
///
/// Compares all of the file with its checksums before anything is touched. The stack must be down and have no data,
/// on this engine or another, under this name or another. Configuration files are written where they are absent.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File that `tdd-stack backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Remove the data that is there first
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
