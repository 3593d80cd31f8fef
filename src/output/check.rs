//! The result of `check`.

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::error::ConfigFault;

impl Printer {
    /// Prints what the checks found.
    pub fn checks(&self, stack: &str, reports: &[CheckReport]) {
        self.result(|_| text_screen(&table::checks(reports)), || schema::checks(stack, reports));
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check's name.
    pub title: String,
    /// What it found.
    pub faults: Vec<ConfigFault>,
}
