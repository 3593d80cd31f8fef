//! What the engine is still doing for a program that is gone: a call goes on when its caller has been killed.
//!
//! Never ends what it finds: it waits, for no longer than any of it takes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::ListContainersOptionsBuilder;
use tokio::time::{Instant, sleep};

use super::{Engine, is_name_taken, says};
use crate::docker::phrases::Meaning;
use crate::error::{Error, Result};
use crate::model::stack::LABEL_STACK;

/// How long ago a stop can have begun that still goes on: the longest time that a service gets, and some.
const LONGEST_STOP: Duration = Duration::from_secs(40);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// What takes no longer is not worth a word.
const SOON: Duration = Duration::from_secs(1);
/// A signal that has a service read its files again.
const HANGUP: &str = "1";

impl Engine {
    /// Waits until no container of a stack is being stopped or removed; `told` hears once what is waited for.
    pub async fn wait_until_idle(&self, stack: &str, mut told: impl FnMut(&str)) -> Result<()> {
        let began = Instant::now();
        let mut stopping: Option<BTreeSet<String>> = None;
        let mut is_told = false;
        loop {
            let (running, removing) = self.present(stack).await?;
            // Nobody stops what does not run.
            if stopping.is_none() && !running.is_empty() {
                stopping = Some(self.stopping(stack).await);
            }
            let is_stopping = |(id, _): &(&String, &String)| stopping.iter().flatten().any(|one| one == *id);
            let ending = running.iter().filter(is_stopping).map(|(_, name)| name.clone());
            let unfinished: Vec<String> = ending.chain(removing).collect();
            if unfinished.is_empty() || began.elapsed() >= LONGEST_STOP {
                return Ok(());
            }
            if !is_told && began.elapsed() >= SOON {
                is_told = true;
                let names = unfinished.join(", ");
                told(&format!(
                    "the engine still stops or removes {names} (waiting up to {} s)",
                    LONGEST_STOP.as_secs()
                ));
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the running containers of a stack, names by id, and the names of those that are being removed.
    async fn present(&self, stack: &str) -> Result<(BTreeMap<String, String>, Vec<String>)> {
        let filters = HashMap::from([("label", vec![format!("{LABEL_STACK}={stack}")])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let found = self.docker.with_timeout(|docker| docker.list_containers(Some(options))).await;
        let (mut running, mut removing) = (BTreeMap::new(), Vec::new());
        for container in found.map_err(Error::engine("list containers"))? {
            let name = container.names.unwrap_or_default().into_iter().next().unwrap_or_default();
            let name = name.trim_start_matches('/').to_string();
            match container.state {
                Some(ContainerSummaryStateEnum::RUNNING) => {
                    running.insert(container.id.unwrap_or_default(), name);
                }
                Some(ContainerSummaryStateEnum::REMOVING) => removing.push(name),
                _ => {}
            }
        }
        Ok((running, removing))
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
pub fn is_transient_conflict(error: &Error) -> bool {
    let Error::Engine { source, .. } = error.first() else { return false };
    match source.downcast_ref::<EngineError>() {
        Some(EngineError::DockerResponseServerError { status_code: 404 | 409, .. }) => true,
        Some(error) => says(error, Meaning::HalfRemoved) || is_name_taken(error),
        None => false,
    }
}
