//! Events of an applied plan: the only type that effects and display share.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The time since the plan started.
    pub elapsed: Duration,
    /// The index of the operation in the plan.
    pub step: usize,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to an operation.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// It started.
    Started,
    /// A layer of an image progressed; the display may drop it.
    Layer {
        /// The short id of the layer.
        layer: String,
        /// The state as the engine names it, such as `Downloading`.
        word: String,
        /// The bytes that are done.
        current: Option<i64>,
        /// The total bytes.
        total: Option<i64>,
    },
    /// It waits, and this is the last answer; the display may drop it.
    Waiting(String),
    /// A note for the user; the operation continues.
    Note(String),
    /// It succeeded.
    Finished,
    /// It failed.
    Failed(String),
    /// It failed for the cause of another operation, which was already reported.
    FailedAlike(String),
    /// Its wait ended without a result, because another operation failed.
    Abandoned,
}

/// The sender of events.
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
    /// Sends an event.
    pub fn emit(&self, step: usize, kind: EventKind) {
        // The display may end early, for example on a closed pipe; the work must continue.
        drop(self.sender.send(Event { elapsed: self.began.elapsed(), step, kind }));
    }
}
