//! `tdd-stack down`

use std::time::Duration;

use super::overtaken::retried;
use super::{Exit, Patience, Session, environment, password};
use crate::engine::Engine;
use crate::error::Result;
use crate::observed::VolumeKind;
use crate::plan::{self, Keep};
use crate::proof::Application;
use crate::render::{self, Removed};

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
    retried(async || attempt(args, session, &engine).await).await
}

async fn attempt(args: &Args, session: &Session, engine: &Engine) -> Result<Exit> {
    engine.settled(&session.stack.name).await?;
    let keep = Keep { data: !args.volumes, images: !args.images };
    let look = async || Ok(engine.inventory(&session.stack.name).await?.objects);
    let objects = look().await?;
    let mut plan = plan::down(&objects, keep);
    if !plan.is_empty() {
        let patience = Patience { each: Duration::from_mins(1), application: Application::Reported };
        let change = async {
            // Until now another program may have been at work.
            let mut plan = plan::down(&look().await?, keep);
            let images = plan.split_images();
            session.apply(engine, &plan, patience).await?;
            Ok((plan, images))
        };
        let (done, images) = session.alone(engine, &objects, "down", change).await?;
        // The lock itself runs one of them.
        session.apply(engine, &images, patience).await?;
        plan = done;
        plan.extend(images);
    }
    let data = objects.volumes.iter().filter(|(_, kind)| **kind == VolumeKind::Data).map(|(name, _)| name);
    let data: Vec<String> = data.cloned().collect();
    let (kept, password_file) = match keep.data {
        true => (data, None),
        // Where there was no data, the password may be that of a stack of this name on another engine.
        false if data.is_empty() => (data, None),
        false => (Vec::new(), password::forget(&session.stack.name, environment)?),
    };
    let removed = Removed { stack: &session.stack.name, plan: &plan, kept, password_file };
    render::removed(session.json(), &removed);
    Ok(Exit::Reached)
}
