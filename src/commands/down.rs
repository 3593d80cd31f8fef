//! `tdd-stack down`

use std::time::Duration;

use super::{Exit, Session};
use crate::error::Result;
use crate::plan::{self, Keep};
use crate::render;

/// Stop and remove the stack; volumes with data stay unless asked for
///
/// Finds everything by its labels, so it needs no configuration files.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove the volumes with all data too
    #[arg(long)]
    volumes: bool,

    /// Remove the images too
    #[arg(long)]
    images: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let inventory = engine.inventory(&session.stack.name).await?;
    let plan = plan::down(&inventory.objects, Keep { data: !args.volumes, images: !args.images });
    session.apply(&engine, &plan, Duration::from_mins(1)).await?;
    render::removed(session.json(), &session.stack.name, &plan);
    Ok(Exit::Reached)
}
