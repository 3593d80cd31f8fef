//! `tdd-stack down`

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::doctor::ProbeAnswer;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::observed::{Objects, VolumeKind};
use crate::model::verification::Application;
use crate::observe::base;
use crate::output::Removed;
use crate::plan::{self, Kept};
use crate::session::environment::environment;
use crate::session::retry::{PAUSE, retry_transient};
use crate::session::{Exit, Session, WaitOptions, password};

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
    let began = Instant::now();
    let engine = session.engine().await?;
    retry_transient(async || attempt(args, session, &engine, began).await).await
}

/// Returns the ids of containers whose services report that they are not ready, or do not listen.
///
/// A service that does not answer may be busy, and a refused connection to another machine may come from a firewall.
async fn unready(session: &Session, engine: &Engine, objects: &Objects) -> BTreeSet<String> {
    if !engine.is_here() {
        return BTreeSet::new();
    }
    let asked = session.stack.services.iter().filter_map(|service| {
        let id = &objects.containers.get(service.name)?.id;
        Some((id, format!("{}{}", base(objects, service.name, engine)?, service.probe.path)))
    });
    let answers = asked.map(async |(id, url)| {
        let is_unready = match session.http.ask(&url).await {
            ProbeAnswer::Http { status, .. } => status == 503,
            ProbeAnswer::Refused | ProbeAnswer::Unclear(_) => true,
            ProbeAnswer::Silent | ProbeAnswer::NoWay | ProbeAnswer::NoSuchName => false,
        };
        is_unready.then(|| id.clone())
    });
    join_all(answers).await.into_iter().flatten().collect()
}

async fn attempt(args: &Args, session: &Session, engine: &Engine, began: Instant) -> Result<Exit> {
    session.wait_until_idle(engine).await?;
    let keep = Kept { data: !args.volumes, images: !args.images };
    let look = async || Ok(engine.inventory(&session.stack.name).await?.objects);
    let mut objects = look().await?;
    let mut plan = plan::down(&objects, &BTreeSet::new(), keep);
    if plan.is_empty() && session.sweep(engine, &objects).await? {
        // The engine may still be creating objects that the killed program had requested.
        sleep(PAUSE).await;
        objects = look().await?;
        plan = plan::down(&objects, &BTreeSet::new(), keep);
    }
    if !plan.is_empty() {
        let patience = WaitOptions { each: Duration::from_mins(1), application: Application::Reported };
        let change = async {
            // Another program may have changed the stack before this one got the lock.
            let (now, unready) = tokio::join!(look(), unready(session, engine, &objects));
            let mut plan = plan::down(&now?, &unready, keep);
            let mut images = plan.split_images();
            session.apply(engine, &plan, patience).await?;
            // The engine may have created more objects that a killed program had requested.
            let mut rest = plan::down(&look().await?, &BTreeSet::new(), keep);
            images.extend(rest.split_images());
            if !rest.is_empty() {
                session.apply(engine, &rest, patience).await?;
                plan.extend(rest);
            }
            Ok((plan, images))
        };
        let (done, images) = session.with_lock(engine, &objects, "down", change).await?;
        // After the lock is released, because its container uses one of them.
        session.apply(engine, &images, patience).await?;
        plan = done;
        plan.extend(images);
    }
    let data = objects.volumes.iter().filter(|(_, kind)| **kind == VolumeKind::Data).map(|(name, _)| name);
    let data: Vec<String> = data.cloned().collect();
    let (kept, password_file) = match keep.data {
        true => (data, None),
        // Without data, the password may belong to a stack with this name on another engine.
        false if data.is_empty() => (data, None),
        false => (Vec::new(), password::forget(&session.stack.name, environment)?),
    };
    let (stack, total) = (session.stack.name.as_str(), began.elapsed());
    let removed = Removed { stack, plan: &plan, kept, password_file, total };
    session.printer.removed(&removed);
    Ok(Exit::Reached)
}
