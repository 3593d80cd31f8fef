//! What happened to containers a moment ago, as the engine tells it. Changes nothing.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::{Engine, Running};
use crate::error::End;

/// The engine tells what has happened at once; more is the difference of two clocks.
const TELLING: Duration = Duration::from_millis(500);
/// How long ago a container that was restarted can have ended: the longest pause of an engine, and some.
const LAST_END: Duration = Duration::from_mins(2);
/// How much later than an end the engine may tell that memory had run out.
const LATE: Duration = Duration::from_millis(500);
/// The exit code of what was killed.
const KILLED: i64 = 137;

impl Engine {
    /// Returns what happened of some kinds to the containers that a filter finds, the oldest first; nothing where
    /// the engine does not tell.
    pub(super) async fn past(
        &self,
        filter: (&str, String),
        kinds: &[&str],
        since: Duration,
    ) -> Vec<EventMessage> {
        self.events(filter, kinds, since, Duration::ZERO).await
    }

    /// Returns what happened, and what happens from now on for some time.
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
        let mut past = Vec::new();
        let deadline = Instant::now() + ahead + TELLING;
        while let Ok(Some(Ok(event))) = timeout_at(deadline, events.next()).await {
            past.push(event);
        }
        past
    }

    /// Returns how a container ended the last time, where the engine still tells. One that runs again does not say so
    /// itself, and that memory had run out may be told after the end.
    pub async fn last_end(&self, running: &Running) -> End {
        let mut end = running.end.clone();
        for ahead in [Duration::ZERO, LATE] {
            let ours = ("container", running.id.clone());
            for event in self.events(ours, &["oom", "die"], LAST_END, ahead).await {
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
