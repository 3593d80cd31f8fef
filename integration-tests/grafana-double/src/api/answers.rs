//! Statistics of answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The number of answers by status.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<BTreeMap<u16, u64>>);

impl Answers {
    /// Counts an answer.
    pub(crate) fn count(&self, status: u16) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    /// Returns the numbers.
    pub(crate) fn counted(&self) -> BTreeMap<u16, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
