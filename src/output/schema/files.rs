//! `tdd-stack.init/1`: what happened to the configuration files.

use serde::Serialize;

use super::path;
use crate::output::{FileOutcome, FileReport};

/// The result of `init` and of `dashboards pull`.
#[derive(Debug, Serialize)]
pub(crate) struct FilesDocument<'a> {
    /// `tdd-stack.init/1` or `tdd-stack.dashboards-pull/1`.
    schema: &'static str,
    /// The name of the stack.
    stack: &'a str,
    /// Whether every file could be handled, which is always true: otherwise an error is printed.
    ok: bool,
    /// The files.
    files: Vec<FileItem>,
}

/// A configuration file.
#[derive(Debug, Serialize)]
struct FileItem {
    /// The path.
    path: String,
    /// `written`, `unchanged`, or `kept` because the user edited it.
    outcome: &'static str,
    /// The copy of the user's version; null if the file was not replaced or not edited.
    backup: Option<String>,
}

pub(crate) fn files<'a>(stack: &'a str, reports: &[FileReport]) -> FilesDocument<'a> {
    FilesDocument {
        schema: "tdd-stack.init/1",
        stack,
        ok: true,
        files: reports.iter().map(FileItem::of).collect(),
    }
}

pub(crate) fn pulled<'a>(stack: &'a str, reports: &[FileReport]) -> FilesDocument<'a> {
    FilesDocument { schema: "tdd-stack.dashboards-pull/1", ..files(stack, reports) }
}

impl FileItem {
    fn of(report: &FileReport) -> Self {
        let (outcome, backup) = match &report.outcome {
            FileOutcome::Unchanged => ("unchanged", None),
            FileOutcome::Kept => ("kept", None),
            FileOutcome::Written { backup } => ("written", backup.as_deref()),
        };
        Self { path: path(&report.path), outcome, backup: backup.map(path) }
    }
}
