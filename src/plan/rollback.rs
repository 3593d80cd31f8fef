//! What takes a change back that failed. Decided together with the change, while the old state is known.

use std::collections::BTreeSet;

use super::{Plan, Step};

/// The way back from one change of something that ran before.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The step with which the change begins.
    pub first_step: usize,
    /// The step before which everything is done: once it or a later one began, there is nothing to take back.
    pub ends_before: usize,
    /// The service that is changed.
    pub service: &'static str,
    /// What brings the old state back; each need counts from this list's own beginning.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Returns the plan that takes back what has begun, and the services that are as before after it.
    pub fn rollback(&self, begun: &BTreeSet<usize>) -> (Self, Vec<&'static str>) {
        let mut back = Self::default();
        let mut services = Vec::new();
        let is_under_way = |undo: &&Rollback| {
            begun.contains(&undo.first_step) && begun.range(undo.ends_before..).next().is_none()
        };
        for undo in self.undo.iter().filter(is_under_way) {
            back.extend(Self { steps: undo.steps.clone(), ..Self::default() });
            services.push(undo.service);
        }
        (back, services)
    }
}
