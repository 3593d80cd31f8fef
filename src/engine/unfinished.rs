//! What the engine is still doing for a program that is gone: a call goes on when its caller has been killed.
//!
//! Never ends what it finds: it waits, for no longer than any of it takes.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::ListContainersOptionsBuilder;
use tokio::time::{Instant, sleep};

use super::{Engine, says};
use crate::engine_phrases::Meaning;
use crate::error::{Error, Result};
use crate::stack::LABEL_STACK;

/// How long ago a stop can have begun that still goes on: the longest time that a service gets, and some.
const LONGEST_STOP: Duration = Duration::from_secs(40);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// A signal that has a service read its files again.
const HANGUP: &str = "1";

impl Engine {
    /// Waits until no container of a stack is being stopped or removed.
    pub async fn settled(&self, stack: &str) -> Result<()> {
        let deadline = Instant::now() + LONGEST_STOP;
        let mut stopping: Option<BTreeSet<String>> = None;
        loop {
            let (running, removing) = self.present(stack).await?;
            // Nobody stops what does not run.
            if stopping.is_none() && !running.is_empty() {
                stopping = Some(self.stopping(stack).await);
            }
            let is_stopping = stopping.iter().flatten().any(|id| running.contains(id));
            if !is_stopping && !removing || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the running containers of a stack, and whether any is being removed.
    async fn present(&self, stack: &str) -> Result<(BTreeSet<String>, bool)> {
        let filters = HashMap::from([("label", vec![format!("{LABEL_STACK}={stack}")])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let found = self.docker.quickly(|docker| docker.list_containers(Some(options))).await;
        let found = found.map_err(Error::engine("list containers"))?;
        let is_removing = found.iter().any(|one| one.state == Some(ContainerSummaryStateEnum::REMOVING));
        let running = found.into_iter().filter(|one| one.state == Some(ContainerSummaryStateEnum::RUNNING));
        Ok((running.filter_map(|one| one.id).collect(), is_removing))
    }

    /// Returns the containers that were told to end and had not ended yet; none where the engine does not tell.
    async fn stopping(&self, stack: &str) -> BTreeSet<String> {
        let ours = ("label", format!("{LABEL_STACK}={stack}"));
        let mut stopping = BTreeSet::new();
        for event in self.past(ours, &["kill", "die", "start"], LONGEST_STOP).await {
            let actor = event.actor.unwrap_or_default();
            let id = actor.id.unwrap_or_default();
            let signal = actor.attributes.as_ref().and_then(|attributes| attributes.get("signal"));
            match event.action.as_deref() {
                Some("kill") if signal.is_none_or(|signal| signal != HANGUP) => stopping.insert(id),
                Some("die" | "start") => stopping.remove(&id),
                _ => false,
            };
        }
        stopping
    }
}

/// Returns whether something went otherwise because of what the engine was still doing for another program: an
/// object came or went between the look and the call.
pub fn is_overtaken(error: &Error) -> bool {
    let Error::Engine { source, .. } = error.first() else { return false };
    match source.downcast_ref::<EngineError>() {
        Some(EngineError::DockerResponseServerError { status_code: 404 | 409, .. }) => true,
        // What an engine says of a container that is half removed.
        Some(error) => says(error, Meaning::HalfRemoved),
        None => false,
    }
}
