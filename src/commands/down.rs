//! `tdd-stack down`

use crate::error::Result;
use crate::plan::Kept;
use crate::session::{Exit, Session};

/// Stop and remove the stack, but keep its data
///
/// Finds all objects by their labels, so it needs no configuration files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove the data and a generated password too
    #[arg(long)]
    volumes: bool,

    /// Remove the images too
    #[arg(long)]
    images: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    session.down(Kept { data: !args.volumes, images: !args.images }).await
}
