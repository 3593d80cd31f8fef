//! A doctor's findings, for people and for scripts.

use serde_json::{Value, json};

use super::{object, print, table};
use crate::doctor::{Finding, Severity, worst};

/// Prints findings, each with its cure.
pub fn findings(json: bool, stack: &str, findings: &[Finding]) {
    if json { object(&document(stack, findings)) } else { print(&text(stack, findings)) }
}

fn text(stack: &str, findings: &[Finding]) -> String {
    let mut table = table::table(["", "check", "finding"]);
    table.add_rows(findings.iter().map(row));
    // A long cure would pad every line to its width.
    table::joined(&[format!("{}\n", table.trim_fmt()), format!("stack {stack}: {}", counted(findings))])
}

fn row(finding: &Finding) -> [String; 3] {
    let check = match &finding.subject {
        Some(subject) => format!("{} {subject}", finding.check),
        None => finding.check.to_string(),
    };
    let what = match &finding.fix {
        Some(fix) => format!("{}\ncure: {fix}", finding.what),
        None => finding.what.clone(),
    };
    let word = match finding.state {
        Severity::Good => "ok",
        Severity::Warning => "warning",
        Severity::Bad => "BAD",
    };
    [word.into(), check, what]
}

fn counted(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    match (count(Severity::Bad), count(Severity::Warning)) {
        (0, 0) => "nothing is amiss".into(),
        (bad, warnings) => format!("{bad} bad, {warnings} worth knowing"),
    }
}

fn document(stack: &str, findings: &[Finding]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "check": finding.check,
            "subject": finding.subject,
            "state": match finding.state {
                Severity::Good => "good",
                Severity::Warning => "warning",
                Severity::Bad => "bad",
            },
            "what": finding.what,
            "cure": finding.fix,
        })
    };
    json!({
        "schema": "tdd-stack.doctor/1",
        "stack": stack,
        "ok": worst(findings) != Severity::Bad,
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
