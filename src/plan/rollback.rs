//! The rollback of a failed change. It is planned together with the change, while the old state is known.

use std::collections::BTreeSet;

use super::{Plan, Step};

/// The rollback of a change to a running service.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The index of the first operation of the change.
    pub first_step: usize,
    /// The index of the operation that follows the whole change: once it or a later one began, nothing is
    /// rolled back.
    pub ends_before: usize,
    /// The changed service.
    pub service: &'static str,
    /// The operations that restore the old state; each dependency is an index into this list.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Returns the plan that rolls back the operations that began, and the services that it restores.
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
