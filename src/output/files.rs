//! The result of `init` and of `dashboards pull`.

use std::path::PathBuf;

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};

impl Printer {
    /// Prints what happened to files.
    pub fn files(&self, stack: &str, reports: &[FileReport]) {
        self.result(|_| text_screen(&table::files(reports)), || schema::files(stack, reports));
    }
}

/// What `init` did with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// What happened to it.
    pub outcome: FileOutcome,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOutcome {
    /// It says already what is shipped.
    Unchanged,
    /// The user edited it, so it stays.
    Kept,
    /// It was written.
    Written {
        /// The copy of what the user had written.
        backup: Option<PathBuf>,
    },
}
