//! Keeps the terminal from writing `^C` between the bars, which would leave a line of them behind.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The terminal's manners before, restored in the end.
pub(super) struct QuietControls(Option<Termios>);

impl QuietControls {
    /// Stops the echo of control characters on standard error's terminal, if it is one.
    pub(super) fn begin() -> Self {
        let Ok(before) = tcgetattr(std::io::stderr()) else { return Self(None) };
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHOCTL);
        let is_set = tcsetattr(std::io::stderr(), OptionalActions::Now, &quiet).is_ok();
        Self(is_set.then_some(before))
    }
}

impl Drop for QuietControls {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that has gone needs no manners.
            tcsetattr(std::io::stderr(), OptionalActions::Now, before).ok();
        }
    }
}
