//! `tdd-stack dashboards`

use crate::error::Result;
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
        Action::Pull { overwrite } => session.pull_dashboards(overwrite).await,
    }
}
