//! The result of `status`.

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::status::Status;

impl Printer {
    /// Prints a status.
    pub fn status(&self, status: &Status) {
        self.result(|_| text_screen(&table::status(status)), || schema::status(status));
    }
}
