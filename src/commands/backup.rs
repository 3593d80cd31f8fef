//! `tdd-stack backup`

use std::path::PathBuf;
use std::time::Instant;

use crate::backup::{Saving, interrupt, unless};
use crate::context::StackContext;
use crate::error::Result;
use crate::files::Existing;
use crate::session::{Exit, Session};

/// Save all data and the configuration in one file
///
/// Prometheus, Grafana and Alertmanager pause one after the other while their data is read, and run again even if that
/// fails or is interrupted. The file is compressed, has checksums, and is readable only by you.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File to write
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace the file if it exists
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
