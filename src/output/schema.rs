//! The JSON objects that scripts rely on, one file a schema. `docs/json.md` documents every key.
//!
//! A schema is stable: keys may be added, and a key never changes its meaning.

mod alerts;
mod backup;
mod check;
mod conflict;
mod doctor;
#[cfg(test)]
pub(crate) mod documentation;
mod down;
mod drill;
mod error;
mod event;
mod files;
mod log;
mod plan;
mod status;
mod support_bundle;
#[cfg(test)]
mod tests;
mod up;
mod verification;
mod version;

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

pub(super) use alerts::alerts;
pub(super) use backup::{restored, saved};
pub(super) use check::checks;
pub(super) use doctor::findings;
pub(super) use down::removed;
pub(super) use drill::drill;
pub(super) use error::error;
pub(super) use event::{event, talk};
pub(super) use files::{files, pulled};
pub(super) use log::log;
pub(super) use plan::plan;
pub(super) use status::status;
pub(super) use support_bundle::bundle;
pub(super) use up::summary;
pub(super) use version::versions;

/// Returns a document as a value, which can be redacted.
pub(super) fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).expect("documents have string keys")
}

/// Returns a document in one line.
pub(super) fn line(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("documents have string keys")
}

/// Returns a path as text; JSON has no bytes other than UTF-8.
fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
