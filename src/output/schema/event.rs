//! `tdd-stack.event/1`: a line of `--progress json`.

use std::time::Duration;

use serde::Serialize;

use crate::model::event::{Event, EventKind};
use crate::plan::Plan;

/// An event of an operation.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.event/1")]
pub(crate) struct EventDocument<'a> {
    /// The time in RFC 3339; only in the file `events.jsonl` of diagnostics.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    /// The time since the start of the plan in seconds.
    seconds: f64,
    /// The number of the operation in its plan; the first is 1.
    step: usize,
    /// The number of operations in the plan.
    steps: usize,
    /// The verb, such as `create`.
    operation: &'static str,
    /// The object of the operation, such as a container, a file or an image.
    target: String,
    /// Why the operation is in the plan.
    cause: String,
    /// What happened.
    #[serde(flatten)]
    kind: EventItem<'a>,
}

/// What happened to an operation; `event` decides which keys it has.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum EventItem<'a> {
    /// The operation started.
    Started,
    /// A layer of an image progressed.
    Layer {
        /// The short id of the layer.
        layer: &'a str,
        /// The state as the engine names it, such as `Downloading`.
        status: &'a str,
        /// The bytes that are done; null if they are not known.
        current: Option<i64>,
        /// The total bytes; null if they are not known.
        total: Option<i64>,
    },
    /// The operation waits.
    Waiting {
        /// The last answer.
        last: &'a str,
    },
    /// The operation has a note for the user and continues.
    Note {
        /// The note.
        note: &'a str,
    },
    /// The operation succeeded.
    Finished {
        /// The duration in seconds.
        took: f64,
    },
    /// The operation stopped waiting, because another one failed.
    Abandoned {
        /// The duration in seconds.
        took: f64,
    },
    /// The operation failed.
    Failed {
        /// The duration in seconds.
        took: f64,
        /// The error.
        reason: &'a str,
    },
}

/// A message outside a plan.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.event/1")]
pub(crate) struct TalkDocument<'a> {
    /// Always `talk`.
    event: &'static str,
    /// The time since the start of the work in seconds.
    seconds: f64,
    /// The message.
    text: &'a str,
}

pub(crate) fn event<'a>(
    plan: &Plan,
    event: &'a Event,
    took: Duration,
    time: Option<&'a str>,
) -> EventDocument<'a> {
    let step = &plan.steps[event.step];
    EventDocument {
        time,
        seconds: event.elapsed.as_secs_f64(),
        step: event.step + 1,
        steps: plan.len(),
        operation: step.operation.verb().word(),
        target: step.operation.target(),
        cause: step.cause.to_string(),
        kind: EventItem::of(&event.kind, took.as_secs_f64()),
    }
}

pub(crate) fn talk(elapsed: Duration, text: &str) -> TalkDocument<'_> {
    TalkDocument { event: "talk", seconds: elapsed.as_secs_f64(), text }
}

impl<'a> EventItem<'a> {
    fn of(kind: &'a EventKind, took: f64) -> Self {
        match kind {
            EventKind::Started => Self::Started,
            EventKind::Layer { layer, word, current, total } => {
                Self::Layer { layer, status: word, current: *current, total: *total }
            }
            EventKind::Waiting(last) => Self::Waiting { last },
            EventKind::Note(note) => Self::Note { note },
            EventKind::Finished => Self::Finished { took },
            EventKind::Abandoned => Self::Abandoned { took },
            EventKind::Failed(reason) | EventKind::FailedAlike(reason) => Self::Failed { took, reason },
        }
    }
}
