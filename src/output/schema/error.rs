//! `tdd-stack.error/1`: why a command failed.

use std::path::Path;

use serde::Serialize;

use super::check::FaultItem;
use super::conflict::ConflictItem;
use super::path;
use crate::error::Error;
use crate::error::chain::causes;

/// The error that ended a command.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.error/1")]
pub(crate) struct ErrorDocument<'a> {
    /// Always false.
    ok: bool,
    /// The stable code of the error, such as `conflict`.
    code: &'static str,
    /// The exit code of the process.
    exit_code: u8,
    /// The message, which may have several lines.
    message: String,
    /// The causes of the error, the nearest first.
    causes: Vec<String>,
    /// The fix; null if none is known.
    hint: Option<String>,
    /// The failures of the clean-up after the error; absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clean_up: Vec<Self>,
    /// The conflicts, if `code` is `conflict`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<ConflictItem<'a>>>,
    /// The references of the images, if `code` is `pull`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<&'a [String]>,
    /// The errors in configuration files, if `code` is `configuration`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<FaultItem<'a>>>,
    /// The problems, if `code` is `problems` or `unhealthy`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<&'a [String]>,
    /// The folder of the diagnostics; absent if none were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostics: Option<String>,
}

pub(crate) fn error<'a>(error: &'a Error, diagnostics: Option<&Path>) -> ErrorDocument<'a> {
    let document = ErrorDocument {
        ok: false,
        code: error.code(),
        exit_code: error.exit_code(),
        message: error.to_string(),
        causes: causes(error).map(ToString::to_string).collect(),
        hint: error.hint(),
        clean_up: error.of_clean_up().into_iter().map(|further| self::error(further, None)).collect(),
        diagnostics: diagnostics.map(path),
        ..ErrorDocument::default()
    };
    match error.first() {
        Error::Conflicts(conflicts) => {
            ErrorDocument { conflicts: Some(ConflictItem::all(conflicts)), ..document }
        }
        Error::Pull { images, .. } => ErrorDocument { images: Some(images), ..document },
        Error::Faults(faults) => ErrorDocument { faults: Some(FaultItem::all(faults)), ..document },
        Error::Problems(problems) | Error::Unhealthy(problems) => {
            ErrorDocument { problems: Some(problems), ..document }
        }
        _ => document,
    }
}
