//! `tdd-stack.down/1`: what `down` removed.

use serde::Serialize;

use super::path;
use super::plan::{OperationItem, operations};
use crate::output::Removed;

/// The result of `down`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.down/1")]
pub(crate) struct DownDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether everything was removed, which is always true: otherwise an error is printed.
    ok: bool,
    /// The operations that were run; empty if nothing existed.
    operations: Vec<OperationItem<'a>>,
    /// The names of the volumes that were kept because they hold data.
    kept_volumes: &'a [String],
    /// The file of the generated password that was removed with the data; null if there was none.
    removed_password_file: Option<String>,
}

pub(crate) fn removed<'a>(removed: &'a Removed<'a>) -> DownDocument<'a> {
    DownDocument {
        stack: removed.stack,
        ok: true,
        operations: operations(removed.plan),
        kept_volumes: &removed.kept,
        removed_password_file: removed.password_file.as_deref().map(path),
    }
}
