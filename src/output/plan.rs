//! The result of `plan` and of `up --dry-run`.

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::plan::{Plan, TextChange};

impl Printer {
    /// Prints a plan.
    pub fn plan(&self, stack: &str, plan: &Plan, changes: &[TextChange]) {
        self.result(
            |_| text_screen(&table::plan(stack, plan, changes)),
            || schema::plan(stack, plan, changes),
        );
    }
}
