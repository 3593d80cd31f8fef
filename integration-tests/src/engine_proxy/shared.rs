//! State that the connections of a proxy share: calls so far, faults and actions.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use tokio::sync::watch;

use super::fault::{Action, Call, Delivery, Fault, When};

/// State that the connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) engine: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    /// Number of the engine's deaths; connections end when it changes.
    pub(super) deaths: watch::Sender<u32>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) calls: Vec<String>,
    /// Calls without an answer of the engine, even if their program has exited.
    pub(super) underway: Vec<String>,
    pub(super) faults: Vec<(When, Fault)>,
    pub(super) actions: Vec<(When, Delivery, Action)>,
}

/// A call that the engine has not answered yet.
#[derive(Debug)]
pub(super) struct Underway {
    shared: Arc<Shared>,
    line: String,
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let ours = state.underway.iter().position(|line| *line == self.line);
        ours.map(|index| state.underway.remove(index));
        self.shared.changed.notify_all();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }

    pub(super) fn die(&self) {
        self.deaths.send_modify(|deaths| *deaths += 1);
    }

    /// Marks a call as unanswered until the returned value is dropped.
    pub(super) fn asked(self: &Arc<Self>, line: &str) -> Underway {
        self.lock().underway.push(line.to_string());
        Underway { shared: self.clone(), line: line.to_string() }
    }

    /// Records a call, and returns its fault and the action after its answer.
    pub(super) fn record(
        &self,
        line: String,
        pid: Option<i32>,
    ) -> (Call, Option<Fault>, Option<(Delivery, Action)>) {
        let mut state = self.lock();
        state.calls.push(line.clone());
        let call = Call { number: state.calls.len(), line, pid };
        let fault =
            state.faults.iter_mut().find_map(|(when, fault)| when.matches_call(&call).then_some(*fault));
        let action = state.actions.iter_mut().position(|(when, ..)| when.matches_call(&call));
        let action = action.map(|index| state.actions.remove(index));
        self.changed.notify_all();
        (call, fault, action.map(|(_, delivery, action)| (delivery, action)))
    }
}
