//! Selection of calls, and their faults.

use std::fmt;
use std::process::Command;
use std::time::Duration;

/// A call to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number among all calls, counted from 1.
    pub number: usize,
    /// Its method and path, such as `POST /containers/create?name=tdd-grafana`.
    pub line: String,
    /// The calling process, if the system reports it.
    pub pid: Option<i32>,
}

/// A condition that selects calls.
pub struct When(Box<dyn FnMut(&Call) -> bool + Send>);

/// A fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with status 500, without passing the call to the engine.
    Fails,
    /// Never answers, without passing the call to the engine.
    Hangs,
    /// Never answers, after the engine has executed the call.
    HangsDone,
    /// Passes the call to the engine with this delay.
    Slow(Duration),
    /// Closes the connection without an answer, after the engine has executed the call.
    Drops,
    /// Closes the connection after this many bytes of the answer's body, or at its end if it is shorter.
    CutAfter(usize),
    /// Simulates the engine's death before the call: every connection closes, and nothing listens.
    Dies,
    /// Simulates a death and a restart after this time.
    Restarts(Duration),
}

/// Whether the program receives the answer of a call before an action runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The engine executes the call, and the connection closes without an answer.
    Never,
    /// The program receives the complete answer before the action.
    First,
}

/// An action after the answer of a call.
pub(super) struct Action(Box<dyn FnOnce(&Call) + Send>);

impl When {
    /// Selects the n-th call, counted from 1.
    pub fn nth(number: usize) -> Self {
        Self::matches(move |call| call.number == number)
    }

    /// Selects the n-th call, counted from 1, and every later one.
    pub fn from(number: usize) -> Self {
        Self::matches(move |call| call.number >= number)
    }

    /// Selects every call whose method and path begin with this text.
    pub fn each(beginning: impl Into<String>) -> Self {
        let beginning = beginning.into();
        Self::matches(move |call| call.line.starts_with(&beginning))
    }

    /// Selects the next call whose method and path begin with this text.
    pub fn first(beginning: impl Into<String>) -> Self {
        Self::first_times(1, beginning)
    }

    /// Selects the next `times` calls whose method and path begin with this text.
    pub fn first_times(mut times: usize, beginning: impl Into<String>) -> Self {
        let beginning = beginning.into();
        Self::matches(move |call| {
            let is_meant = times > 0 && call.line.starts_with(&beginning);
            times -= usize::from(is_meant);
            is_meant
        })
    }

    /// Selects the calls for which the function returns true; it runs at most once per call.
    pub fn matches(is_meant: impl FnMut(&Call) -> bool + Send + 'static) -> Self {
        Self(Box::new(is_meant))
    }

    pub(super) fn matches_call(&mut self, call: &Call) -> bool {
        (self.0)(call)
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When")
    }
}

impl Action {
    pub(super) fn new(action: impl FnOnce(&Call) + Send + 'static) -> Self {
        Self(Box::new(action))
    }

    pub(super) fn run(self, call: &Call) {
        (self.0)(call);
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Action")
    }
}

/// Kills the calling program with SIGKILL.
pub fn kill(call: &Call) {
    let pid = call.pid.expect("the peer process is known").to_string();
    let sent = Command::new("kill").args(["-s", "KILL", &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the program cannot be killed");
}
