//! What happened to containers a moment ago, as the engine tells it. Changes nothing.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{StreamExt, pin_mut};
use tokio::time::{Instant, timeout_at};

use super::{Engine, Running};

/// The engine tells what has happened at once; more is the difference of two clocks.
const TELLING: Duration = Duration::from_millis(500);
/// How long ago a container that was restarted can have ended: the longest pause of an engine, and some.
const LAST_END: Duration = Duration::from_mins(2);

impl Engine {
    /// Returns what happened of some kinds to the containers that a filter finds, the oldest first; nothing where
    /// the engine does not tell.
    pub(super) async fn past(
        &self,
        filter: (&str, String),
        kinds: &[&str],
        since: Duration,
    ) -> Vec<EventMessage> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let filters = HashMap::from([
            (filter.0, vec![filter.1]),
            ("type", vec!["container".to_string()]),
            ("event", kinds.iter().map(ToString::to_string).collect()),
        ]);
        let seconds = |time: Duration| format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
        let options = EventsOptionsBuilder::new()
            .since(&seconds(now.saturating_sub(since)))
            .until(&seconds(now))
            .filters(&filters)
            .build();
        let events = self.docker.events(Some(options));
        pin_mut!(events);
        let mut past = Vec::new();
        let deadline = Instant::now() + TELLING;
        while let Ok(Some(Ok(event))) = timeout_at(deadline, events.next()).await {
            past.push(event);
        }
        past
    }

    /// Returns how a container ended the last time. One that runs again does not say it itself.
    pub async fn last_end(&self, container: &str, running: &Running) -> String {
        let mut end = running.end.clone();
        let mut is_out_of_memory = false;
        for event in self.past(("container", container.to_string()), &["oom", "die"], LAST_END).await {
            if event.action.as_deref() == Some("oom") {
                is_out_of_memory = true;
                continue;
            }
            let attributes = event.actor.and_then(|actor| actor.attributes).unwrap_or_default();
            if let Some(code) = attributes.get("exitCode").and_then(|code| code.parse().ok()) {
                end.code = code;
                end.is_out_of_memory = std::mem::take(&mut is_out_of_memory);
            }
        }
        end.to_string()
    }
}
