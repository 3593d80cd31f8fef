//! `tdd-stack.check/1`: errors in the configuration files.

use serde::Serialize;

use super::path;
use crate::error::ConfigFault;
use crate::output::CheckReport;

/// The result of `check`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.check/1")]
pub(crate) struct CheckDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether no check found a fault.
    ok: bool,
    /// The checks.
    checks: Vec<CheckItem<'a>>,
}

/// A check.
#[derive(Debug, Serialize)]
struct CheckItem<'a> {
    /// The command of the check, or the dashboard.
    check: &'a str,
    /// Whether it found no fault.
    ok: bool,
    /// The faults that it found.
    faults: Vec<FaultItem<'a>>,
}

/// An error in a configuration file.
#[derive(Debug, Serialize)]
pub(super) struct FaultItem<'a> {
    /// The path of the file.
    file: String,
    /// The line, counted from 1; null if it is not known.
    line: Option<u64>,
    /// The reason.
    reason: &'a str,
}

pub(crate) fn checks<'a>(stack: &'a str, reports: &'a [CheckReport]) -> CheckDocument<'a> {
    let check = |report: &'a CheckReport| CheckItem {
        check: &report.title,
        ok: report.faults.is_empty(),
        faults: FaultItem::all(&report.faults),
    };
    let checks: Vec<CheckItem<'a>> = reports.iter().map(check).collect();
    CheckDocument { stack, ok: checks.iter().all(|check| check.ok), checks }
}

impl<'a> FaultItem<'a> {
    pub(super) fn all(faults: &'a [ConfigFault]) -> Vec<Self> {
        let item = |fault: &'a ConfigFault| Self {
            file: path(&fault.file),
            line: fault.line,
            reason: &fault.reason,
        };
        faults.iter().map(item).collect()
    }
}
