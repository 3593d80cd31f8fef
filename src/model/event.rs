//! What happens while a plan is applied: the only thing that effects and display share.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, since the plan's beginning.
    pub elapsed: Duration,
    /// The step of the plan, by index.
    pub step: usize,
    /// What.
    pub kind: EventKind,
}

/// What happened to a step.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// It began.
    Started,
    /// A layer of an image moved on; may be dropped by the display.
    Layer {
        /// The layer's short id.
        layer: String,
        /// The engine's word, such as `Downloading`.
        word: String,
        /// Bytes done.
        current: Option<i64>,
        /// Bytes in all.
        total: Option<i64>,
    },
    /// It waits, and this is the last answer; may be dropped by the display.
    Waiting(String),
    /// Something the user should know, though the step goes on.
    Note(String),
    /// It succeeded.
    Finished,
    /// It failed.
    Failed(String),
    /// It failed for the cause of another step, which was told already.
    FailedAlike(String),
    /// Its wait ended without an outcome, because another step failed.
    Abandoned,
}

/// The end into which events go.
#[derive(Clone, Debug)]
pub struct Events {
    sender: UnboundedSender<Event>,
    began: Instant,
}

/// Returns both ends of a channel for events.
pub fn channel() -> (Events, UnboundedReceiver<Event>) {
    let (sender, receiver) = unbounded_channel();
    (Events { sender, began: Instant::now() }, receiver)
}

impl Events {
    /// Tells that something happened.
    pub fn emit(&self, step: usize, kind: EventKind) {
        // The display may die, on a closed pipe say; the work may not.
        drop(self.sender.send(Event { elapsed: self.began.elapsed(), step, kind }));
    }
}
