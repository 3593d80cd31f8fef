//! Stops and removes the stack until nothing of it is left that is not kept.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::environment::environment;
use super::retry::{PAUSE, retry_transient};
use super::{Exit, Session, WaitOptions, password};
use crate::doctor::ProbeAnswer;
use crate::engine::Engine;
use crate::error::Result;
use crate::model::observed::{Objects, VolumeKind};
use crate::model::verification::Application;
use crate::observe::base;
use crate::output::Removed;
use crate::plan::{self, Kept};

impl Session {
    /// Removes the stack, and prints the result.
    pub(crate) async fn down(&self, keep: Kept) -> Result<Exit> {
        let began = Instant::now();
        let engine = self.engine().await?;
        retry_transient(async || self.attempt_down(keep, &engine, began).await).await
    }

    async fn attempt_down(&self, keep: Kept, engine: &Engine, began: Instant) -> Result<Exit> {
        self.wait_until_idle(engine).await?;
        let look = async || Ok(engine.inventory(&self.stack.name).await?.objects);
        let mut objects = look().await?;
        let mut plan = plan::down(&objects, &BTreeSet::new(), keep);
        if plan.is_empty() && self.sweep(engine, &objects).await? {
            // The engine may still be creating objects that the killed program had requested.
            sleep(PAUSE).await;
            objects = look().await?;
            plan = plan::down(&objects, &BTreeSet::new(), keep);
        }
        if !plan.is_empty() {
            let patience = WaitOptions { each: Duration::from_mins(1), application: Application::Reported };
            let change = async {
                // Another program may have changed the stack before this one got the lock.
                let (now, unready) = tokio::join!(look(), self.unready(engine, &objects));
                let mut plan = plan::down(&now?, &unready, keep);
                let mut images = plan.split_images();
                self.apply(engine, &plan, patience).await?;
                // The engine may have created more objects that a killed program had requested.
                let mut rest = plan::down(&look().await?, &BTreeSet::new(), keep);
                images.extend(rest.split_images());
                if !rest.is_empty() {
                    self.apply(engine, &rest, patience).await?;
                    plan.extend(rest);
                }
                Ok((plan, images))
            };
            let (done, images) = self.with_lock(engine, &objects, "down", change).await?;
            // After the lock is released, because its container uses one of them.
            self.apply(engine, &images, patience).await?;
            plan = done;
            plan.extend(images);
        }
        let data =
            objects.volumes.iter().filter(|(_, kind)| **kind == VolumeKind::Data).map(|(name, _)| name);
        let data: Vec<String> = data.cloned().collect();
        let (kept, password_file) = match keep.data {
            true => (data, None),
            // Without data, the password may belong to a stack with this name on another engine.
            false if data.is_empty() => (data, None),
            false => (Vec::new(), password::forget(&self.stack.name, environment)?),
        };
        let (stack, total) = (self.stack.name.as_str(), began.elapsed());
        let removed = Removed { stack, plan: &plan, kept, password_file, total };
        self.printer.removed(&removed);
        Ok(Exit::Reached)
    }

    /// Returns the ids of containers whose services report that they are not ready, or do not listen.
    ///
    /// A service that does not answer may be busy, and a refused connection to another machine may come from a firewall.
    async fn unready(&self, engine: &Engine, objects: &Objects) -> BTreeSet<String> {
        if !engine.is_here() {
            return BTreeSet::new();
        }
        let asked = self.stack.services.iter().filter_map(|service| {
            let id = &objects.containers.get(service.name)?.id;
            Some((id, format!("{}{}", base(objects, service.name, engine)?, service.probe.path)))
        });
        let answers = asked.map(async |(id, url)| {
            let is_unready = match self.http.ask(&url).await {
                ProbeAnswer::Http { status, .. } => status == 503,
                ProbeAnswer::Refused | ProbeAnswer::Unclear(_) => true,
                ProbeAnswer::Silent | ProbeAnswer::NoWay | ProbeAnswer::NoSuchName => false,
            };
            is_unready.then(|| id.clone())
        });
        join_all(answers).await.into_iter().flatten().collect()
    }
}
