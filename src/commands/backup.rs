//! `tdd-stack backup`

use std::path::PathBuf;
use std::time::Instant;

use crate::backup::{Saving, interrupt, unless};
use crate::context::StackContext;
use crate::error::Result;
use crate::files::Existing;
use crate::session::{Exit, Session};

/// Keep all data and the configuration in one file
///
/// Prometheus, Grafana and Alertmanager pause one after the other, each for as long as its data is read, also when
/// that fails or is interrupted; what did not run stays as it is. The file is compressed, checksummed, and readable by
/// you alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File to write
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()> + Send + 'static,
) -> Result<Exit> {
    let began = Instant::now();
    let interrupted = interrupt(interrupted);
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let work = async |context: StackContext<'_>| {
        let saving = unless(&interrupted, Saving::prepare(context, &args.file, existing)).await?;
        let told = |text: &str| session.printer.talk(began.elapsed(), text);
        saving.save(&interrupted, told).await
    };
    let report = Box::pin(session.with_backup_lock("backup", &interrupted, work)).await?;
    session.printer.saved(&report, began.elapsed());
    Ok(Exit::Reached)
}
