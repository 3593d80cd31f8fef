//! Waits for work that the engine still does for a program that ended: a call continues after its caller was
//! killed.
//!
//! Never interrupts that work, and waits no longer than it can take.

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

/// The maximum age of a stop that is still in progress: the longest stop time of a service, with a margin.
const LONGEST_STOP: Duration = Duration::from_secs(40);
/// The interval of the checks.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a wait goes unreported.
const SOON: Duration = Duration::from_secs(1);
/// The number of the signal that makes a service read its files again.
const HANGUP: &str = "1";

impl Engine {
    /// Waits until no container of a stack is being stopped or removed. `on_progress` is called once, with a
    /// text that says what is waited for.
    pub async fn wait_until_idle(&self, stack: &str, mut on_progress: impl FnMut(&str)) -> Result<()> {
        let began = Instant::now();
        let mut stopping: Option<BTreeSet<String>> = None;
        let mut is_reported = false;
        loop {
            let (running, removing) = self.present(stack).await?;
            // Only a running container can be stopping.
            if stopping.is_none() && !running.is_empty() {
                stopping = Some(self.stopping(stack).await);
            }
            let is_stopping = |(id, _): &(&String, &String)| stopping.iter().flatten().any(|one| one == *id);
            let ending = running.iter().filter(is_stopping).map(|(_, name)| name.clone());
            let unfinished: Vec<String> = ending.chain(removing).collect();
            if unfinished.is_empty() || began.elapsed() >= LONGEST_STOP {
                return Ok(());
            }
            if !is_reported && began.elapsed() >= SOON {
                is_reported = true;
                let names = unfinished.join(", ");
                on_progress(&format!(
                    "waiting for the engine to stop or remove {names} (up to {} s)",
                    LONGEST_STOP.as_secs()
                ));
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns the running containers of a stack, names by id, and the names of containers in removal.
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

    /// Returns the containers that were signalled to stop and have not ended. Returns none if the engine does
    /// not report events.
    async fn stopping(&self, stack: &str) -> BTreeSet<String> {
        let filter = ("label", format!("{LABEL_STACK}={stack}"));
        let mut stopping = BTreeSet::new();
        for event in self.past(filter, &["kill", "die", "start"], LONGEST_STOP).await {
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

/// Returns whether a call failed because of a transient conflict: an object appeared or disappeared between
/// reading and calling, because the engine was still working for another program.
pub fn is_transient_conflict(error: &Error) -> bool {
    let Error::Engine { source, .. } = error.first() else { return false };
    match source.downcast_ref::<EngineError>() {
        Some(EngineError::DockerResponseServerError { status_code: 404 | 409, .. }) => true,
        Some(error) => says(error, Meaning::HalfRemoved) || is_name_taken(error),
        None => false,
    }
}
