//! One line a step, when it ends: for files, pipes and continuous integration.

use std::time::Duration;

use crate::model::event::{Event, Kind};
use crate::plan::{Operation, Plan, Verb};

/// Returns the line for an event, if it is worth one.
pub(super) fn line(plan: &Plan, event: &Event, took: Duration) -> Option<String> {
    let step = &plan.steps[event.step];
    let (verb, target) = (step.operation.verb(), step.operation.target());
    let head = format!("{:>7.2}s  {verb:<14} {target}", event.elapsed.as_secs_f64());
    match &event.kind {
        Kind::Finished => Some(format!("{head}  {:.2}s", took.as_secs_f64())),
        Kind::Failed(reason) => Some(format!("{head}  failed: {reason}")),
        Kind::Note(note) => Some(format!("{head}  note: {note}")),
        Kind::Waiting(last) if matches!(step.operation, Operation::Stop { .. }) => {
            Some(format!("{head}  {last}"))
        }
        // A pull is the one step that may take minutes.
        Kind::Started if verb == Verb::Pull => Some(format!("{head}  …")),
        Kind::Started | Kind::Layer { .. } | Kind::Waiting(_) | Kind::FailedAlike(_) | Kind::Abandoned => {
            None
        }
    }
}
