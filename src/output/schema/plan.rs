//! `tdd-stack.plan/1`: the operations that `up` would run.

use serde::Serialize;

use super::conflict::ConflictItem;
use crate::plan::{Plan, Step, TextChange};

/// The result of `plan` and of `up --dry-run`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.plan/1")]
pub(crate) struct PlanDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether the plan could be made, which is always true: otherwise an error is printed.
    ok: bool,
    /// The operations, in an order that satisfies all dependencies; empty if nothing is to be done.
    operations: Vec<OperationItem<'a>>,
    /// The changes of texts inside the stack: configuration files and dashboards.
    changes: Vec<ChangeItem<'a>>,
    /// The conflicts that the plan does not resolve.
    conflicts: Vec<ConflictItem<'a>>,
}

/// An operation of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct OperationItem<'a> {
    /// The verb, such as `create`.
    operation: &'static str,
    /// The object of the operation, such as a container, a file or an image.
    target: String,
    /// The service of the object; null if it belongs to none, such as a network.
    service: Option<&'a str>,
    /// Why the operation is in the plan.
    cause: String,
    /// The numbers of the operations that must succeed before; the first operation is 1.
    after: Vec<usize>,
}

/// A text inside the stack that an operation changes.
#[derive(Debug, Serialize)]
struct ChangeItem<'a> {
    /// The service that uses the text.
    service: &'a str,
    /// The name of the file, or the uid of the dashboard.
    name: &'a str,
    /// The unified diff, as `diff -u` writes it.
    diff: &'a str,
}

pub(crate) fn plan<'a>(stack: &'a str, plan: &'a Plan, changes: &'a [TextChange]) -> PlanDocument<'a> {
    let change = |change: &'a TextChange| ChangeItem {
        service: &change.service,
        name: &change.name,
        diff: &change.diff,
    };
    PlanDocument {
        stack,
        ok: true,
        operations: operations(plan),
        changes: changes.iter().map(change).collect(),
        conflicts: ConflictItem::all(&plan.conflicts),
    }
}

pub(super) fn operations(plan: &Plan) -> Vec<OperationItem<'_>> {
    plan.steps.iter().map(OperationItem::of).collect()
}

impl<'a> OperationItem<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            operation: step.operation.verb().word(),
            target: step.operation.target(),
            service: step.operation.service(),
            cause: step.cause.to_string(),
            after: step.needs.iter().map(|need| need + 1).collect(),
        }
    }
}
