//! `tdd-stack.support-bundle/1`: the file that `support-bundle` wrote.

use std::path::Path;

use serde::Serialize;

/// The result of `support-bundle`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.support-bundle/1")]
pub(crate) struct BundleDocument<'a> {
    /// Whether the file was written, which is always true: otherwise an error is printed.
    ok: bool,
    /// The path of the file.
    path: String,
    /// The names of the files inside.
    files: &'a [&'a str],
}

pub(crate) fn bundle<'a>(path: &Path, files: &'a [&'a str]) -> BundleDocument<'a> {
    BundleDocument { ok: true, path: super::path(path), files }
}
