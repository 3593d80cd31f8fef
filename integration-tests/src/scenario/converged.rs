//! Whether a stack is in its desired state, and whether `up` gets there.

use super::Scenario;
use crate::cli::{Output, PLAN};

impl Scenario {
    /// Plans an `up` with these flags; exit code 0 means no changes, 10 means pending changes.
    pub fn plan(&self, flags: &[&str]) -> Output {
        self.run(&[&PLAN, flags].concat())
    }

    /// Asserts that the stack is in its desired state without any flags.
    #[track_caller]
    pub fn is_converged(&self) {
        self.plan(&[]).exits(0);
    }

    /// Asserts that `up` succeeds, that the next plan is empty, and that no other container remains.
    #[track_caller]
    pub fn converges(&self) {
        self.run(&["up"]).exits(0);
        self.is_converged();
        assert_eq!(self.objects("container").len(), super::SERVICES.len(), "unexpected containers");
    }
}
