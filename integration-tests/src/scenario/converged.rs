//! Whether a stack is as it is asked for, and whether it gets there.

use super::Scenario;
use crate::cli::{Output, PLAN};

impl Scenario {
    /// Plans an `up` with these flags; the exit code is 0 where nothing is left to do, and 10 where something is.
    pub fn plan(&self, flags: &[&str]) -> Output {
        self.run(&[&PLAN, flags].concat())
    }

    /// Asserts that the stack is as it is asked for without any flags.
    #[track_caller]
    pub fn is_converged(&self) {
        self.plan(&[]).exits(0);
    }

    /// Asserts that `up` succeeds, that nothing is left to do then, and that nothing is left over.
    #[track_caller]
    pub fn converges(&self) {
        self.run(&["up"]).exits(0);
        self.is_converged();
        assert_eq!(self.objects("container").len(), super::SERVICES.len(), "something is left over");
    }
}
