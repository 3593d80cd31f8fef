//! What takes a change back that failed. Decided together with the change, while the old state is known.

use std::collections::BTreeSet;

use super::{Plan, Step};

/// The way back from one change of something that ran before.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// The step with which the change begins.
    pub begins_with: usize,
    /// The service that is changed.
    pub service: &'static str,
    /// What brings the old state back; each need counts from this list's own beginning.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Returns the plan that takes back what has begun, and the services that are as before after it.
    pub fn take_back(&self, begun: &BTreeSet<usize>) -> (Self, Vec<&'static str>) {
        let mut back = Self::default();
        let mut services = Vec::new();
        for undo in self.undo.iter().filter(|undo| begun.contains(&undo.begins_with)) {
            back.extend(Self { steps: undo.steps.clone(), ..Self::default() });
            services.push(undo.service);
        }
        (back, services)
    }
}
