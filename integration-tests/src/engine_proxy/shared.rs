//! What a proxy's connections share: the calls so far, and what the next ones meet.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use tokio::sync::watch;

use super::fault::{Action, Call, Fault, Hearing, When};

/// What the connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) engine: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    /// How often the engine has died; who waits for the next time ends then.
    pub(super) deaths: watch::Sender<u32>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) calls: Vec<String>,
    /// The calls that the engine has not answered yet, whether or not the program is still there.
    pub(super) underway: Vec<String>,
    pub(super) faults: Vec<(When, Fault)>,
    pub(super) actions: Vec<(When, Hearing, Action)>,
}

/// A call, for as long as the engine has not answered it.
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

    /// Says that the engine is asked something, until what is returned is dropped.
    pub(super) fn asked(self: &Arc<Self>, line: &str) -> Underway {
        self.lock().underway.push(line.to_string());
        Underway { shared: self.clone(), line: line.to_string() }
    }

    /// Counts a call, and returns what it meets and what is done when it has been answered.
    pub(super) fn record(
        &self,
        line: String,
        pid: Option<i32>,
    ) -> (Call, Option<Fault>, Option<(Hearing, Action)>) {
        let mut state = self.lock();
        state.calls.push(line.clone());
        let call = Call { number: state.calls.len(), line, pid };
        let fault = state.faults.iter_mut().find_map(|(when, fault)| when.is_met_by(&call).then_some(*fault));
        let action = state.actions.iter_mut().position(|(when, ..)| when.is_met_by(&call));
        let action = action.map(|index| state.actions.remove(index));
        self.changed.notify_all();
        (call, fault, action.map(|(_, hearing, action)| (hearing, action)))
    }
}
