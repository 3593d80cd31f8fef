//! `tdd-stack down`

use std::time::Duration;

use super::{Exit, Patience, Session};
use crate::error::Result;
use crate::plan::{self, Keep};
use crate::proof::Application;
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
    let patience = Patience { each: Duration::from_mins(1), application: Application::Reported };
    session.apply(&engine, &plan, patience).await?;
    render::removed(session.json(), &session.stack.name, &plan);
    Ok(Exit::Reached)
}
