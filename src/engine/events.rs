//! Recent events of containers, as the engine reports them. Changes nothing.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{Engine, Running};
use crate::error::End;

/// How long to wait for past events. The engine sends them at once; the rest allows for two clocks that differ.
const TELLING: Duration = Duration::from_millis(500);
/// The maximum age of a restarted container's end: the engine's longest pause before a restart, with a margin.
const LAST_END: Duration = Duration::from_mins(2);
/// How much later than a container's end the engine may report that the memory was exhausted.
const LATE: Duration = Duration::from_millis(500);
/// The exit code of a killed process.
const KILLED: i64 = 137;

impl Engine {
    /// Returns past events of some kinds for the containers that a filter matches, the oldest first. Returns
    /// none if the engine does not report them.
    pub(super) async fn past(
        &self,
        filter: (&str, String),
        kinds: &[&str],
        since: Duration,
    ) -> Vec<EventMessage> {
        self.events(filter, kinds, since, Duration::ZERO).await
    }

    /// Returns events from the past `since`, and further events for the time `ahead`.
    async fn events(
        &self,
        filter: (&str, String),
        kinds: &[&str],
        since: Duration,
        ahead: Duration,
    ) -> Vec<EventMessage> {
        let now = self.greeting.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let filters = HashMap::from([
            (filter.0, vec![filter.1]),
            ("type", vec!["container".to_string()]),
            ("event", kinds.iter().map(ToString::to_string).collect()),
        ]);
        let seconds = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
        let options = EventsOptionsBuilder::new()
            .since(&seconds(now.saturating_sub(since)))
            .until(&seconds(now + ahead))
            .filters(&filters)
            .build();
        let mut events =
            self.docker.stream_with_heartbeat(Some(ahead + TELLING), |docker| docker.events(Some(options)));
        let mut received = Vec::new();
        let deadline = Instant::now() + ahead + TELLING;
        while let Ok(Some(Ok(event))) = timeout_at(deadline, events.next()).await {
            received.push(event);
        }
        received
    }

    /// Returns how a container ended last, if the engine still reports it. A container that runs again does not
    /// report it itself, and the engine may report exhausted memory later than the end.
    pub async fn last_end(&self, running: &Running) -> End {
        let mut end = running.end.clone();
        for ahead in [Duration::ZERO, LATE] {
            let filter = ("container", running.id.clone());
            for event in self.events(filter, &["oom", "die"], LAST_END, ahead).await {
                end.is_out_of_memory |= event.action.as_deref() == Some("oom");
                let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
                if let Some(code) = attributes.get("exitCode").and_then(|code| code.parse().ok()) {
                    end.code = code;
                }
            }
            if end.is_out_of_memory || end.code != KILLED {
                break;
            }
        }
        end
    }
}
