//! One line a step, when it ends: for files, pipes and continuous integration.

use std::time::Duration;

use crate::model::event::{Event, EventKind};
use crate::plan::{Operation, Plan, Verb};

/// Returns the line for an event, if it is worth one.
pub(super) fn line(plan: &Plan, event: &Event, took: Duration) -> Option<String> {
    let step = &plan.steps[event.step];
    let (verb, target) = (step.operation.verb(), step.operation.target());
    let head = format!("{:>7.2}s  {verb:<19} {target}", event.elapsed.as_secs_f64());
    match &event.kind {
        EventKind::Finished => Some(format!("{head}  {:.2}s", took.as_secs_f64())),
        EventKind::Failed(reason) => Some(format!("{head}  failed: {reason}")),
        EventKind::Note(note) => Some(format!("{head}  note: {note}")),
        EventKind::Waiting(last) if matches!(step.operation, Operation::Stop { .. }) => {
            Some(format!("{head}  {last}"))
        }
        // A pull is the one step that may take minutes.
        EventKind::Started if verb == Verb::Pull => Some(format!("{head}  …")),
        EventKind::Started
        | EventKind::Layer { .. }
        | EventKind::Waiting(_)
        | EventKind::FailedAlike(_)
        | EventKind::Abandoned => None,
    }
}
