//! Keeps a terminal from showing something for a while: what is typed, or the `^C` that would leave a line of bars behind.

use std::os::fd::AsFd;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

pub(crate) use rustix::termios::LocalModes;

/// A terminal that lacks some of its modes until this is dropped.
pub(crate) struct TerminalModeGuard<S: AsFd> {
    stream: S,
    /// Its manners before, if it is a terminal.
    before: Option<Termios>,
}

impl<S: AsFd> TerminalModeGuard<S> {
    /// Takes modes from a stream's terminal, if it is one.
    pub(crate) fn begin(stream: S, modes: LocalModes) -> Self {
        let Ok(before) = tcgetattr(&stream) else { return Self { stream, before: None } };
        let mut quiet = before.clone();
        quiet.local_modes.remove(modes);
        let is_set = tcsetattr(&stream, OptionalActions::Now, &quiet).is_ok();
        Self { stream, before: is_set.then_some(before) }
    }
}

impl<S: AsFd> Drop for TerminalModeGuard<S> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // A terminal that has gone needs no manners.
            tcsetattr(&self.stream, OptionalActions::Now, before).ok();
        }
    }
}
