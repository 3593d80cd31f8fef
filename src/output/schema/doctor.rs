//! `tdd-stack.doctor/1`: problems and their fixes.

use serde::Serialize;

use crate::doctor::{Finding, Severity, worst};

/// The result of `doctor`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.doctor/1")]
pub(crate) struct DoctorDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether no finding is an error.
    ok: bool,
    /// The findings, from the engine to the user's programs.
    findings: Vec<FindingItem<'a>>,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct FindingItem<'a> {
    /// The name of the check, such as `image`.
    check: &'static str,
    /// The service, file, job or address that was checked; null if the check has one subject only.
    subject: Option<&'a str>,
    /// The severity.
    state: FindingState,
    /// What the check found.
    what: &'a str,
    /// The fix; null if none is needed or known.
    fix: Option<&'a str>,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum FindingState {
    /// No problem.
    Ok,
    /// A problem that does not stop the stack.
    Warning,
    /// The stack cannot run, or does not monitor something that it should.
    Error,
}

pub(crate) fn findings<'a>(stack: &'a str, findings: &'a [Finding]) -> DoctorDocument<'a> {
    DoctorDocument {
        stack,
        ok: worst(findings) != Severity::Bad,
        findings: findings.iter().map(FindingItem::of).collect(),
    }
}

impl<'a> FindingItem<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            check: finding.check,
            subject: finding.subject.as_deref(),
            state: match finding.state {
                Severity::Good => FindingState::Ok,
                Severity::Warning => FindingState::Warning,
                Severity::Bad => FindingState::Error,
            },
            what: &finding.what,
            fix: finding.fix.as_deref(),
        }
    }
}
