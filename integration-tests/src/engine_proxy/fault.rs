//! Which calls are picked out, and what happens to them.

use std::fmt;
use std::process::Command;
use std::time::Duration;

/// A call on its way to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its place among all calls, counted from 1.
    pub number: usize,
    /// Its method and path, such as `POST /containers/create?name=tdd-grafana`.
    pub line: String,
    /// The process that made it, where the system tells.
    pub pid: Option<i32>,
}

/// Which calls are meant.
pub struct When(Box<dyn FnMut(&Call) -> bool + Send>);

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with status 500, and the engine never hears of it.
    Fails,
    /// It is never answered, and the engine never hears of it.
    Hangs,
    /// It is never answered, and the engine has done it.
    HangsDone,
    /// It reaches the engine this much later.
    Slow(Duration),
    /// The connection ends without an answer, and the engine has done it.
    Drops,
    /// The connection ends after so many bytes of the answer's body, or instead of its end if it is shorter.
    CutAfter(usize),
    /// The engine dies before it hears of the call: every connection ends, and nobody listens any more.
    Dies,
    /// The engine dies like that, and comes back after this time.
    Restarts(Duration),
}

/// What the program gets to hear of a call after which something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// The engine has done it, and the program never hears of it: the connection ends without an answer.
    Never,
    /// The program has been sent the whole answer first.
    First,
}

/// What is done when a call has been answered.
pub(super) struct Action(Box<dyn FnOnce(&Call) + Send>);

impl When {
    /// Means the call that comes as the n-th, counted from 1.
    pub fn nth(number: usize) -> Self {
        Self::matches(move |call| call.number == number)
    }

    /// Means the call that comes as the n-th, counted from 1, and every later one.
    pub fn from(number: usize) -> Self {
        Self::matches(move |call| call.number >= number)
    }

    /// Means every call whose method and path begin so.
    pub fn each(beginning: impl Into<String>) -> Self {
        let beginning = beginning.into();
        Self::matches(move |call| call.line.starts_with(&beginning))
    }

    /// Means the first call from now on whose method and path begin so.
    pub fn first(beginning: impl Into<String>) -> Self {
        Self::first_times(1, beginning)
    }

    /// Means the first calls from now on, so many of them, whose method and path begin so.
    pub fn first_times(mut times: usize, beginning: impl Into<String>) -> Self {
        let beginning = beginning.into();
        Self::matches(move |call| {
            let is_meant = times > 0 && call.line.starts_with(&beginning);
            times -= usize::from(is_meant);
            is_meant
        })
    }

    /// Means the calls for which this returns true; it is asked at most once for each call.
    pub fn matches(is_meant: impl FnMut(&Call) -> bool + Send + 'static) -> Self {
        Self(Box::new(is_meant))
    }

    pub(super) fn is_met_by(&mut self, call: &Call) -> bool {
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

/// Kills the program that made a call, by SIGKILL.
pub fn kill(call: &Call) {
    let pid = call.pid.expect("the system tells who is at the other end of a socket").to_string();
    let sent = Command::new("kill").args(["-s", "KILL", &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the program cannot be killed");
}
