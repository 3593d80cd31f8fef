//! One JSON object an event, a line each. Its words are promised, so they are written out here.

use std::time::Duration;

use serde_json::{Value, json};

use crate::model::event::{Event, EventKind};
use crate::plan::Plan;

/// Returns the line for an event.
pub(super) fn line(plan: &Plan, event: &Event, took: Duration) -> String {
    object(plan, event, took).to_string()
}

/// Returns an event with its words.
pub(super) fn object(plan: &Plan, event: &Event, took: Duration) -> Value {
    let step = &plan.steps[event.step];
    let mut object = json!({
        "schema": "tdd-stack.event/1",
        "seconds": event.elapsed.as_secs_f64(),
        "step": event.step + 1,
        "steps": plan.len(),
        "operation": step.operation.verb().word(),
        "target": step.operation.target(),
        "cause": step.cause.to_string(),
    });
    let further = match &event.kind {
        EventKind::Started => json!({"event": "started"}),
        EventKind::Layer { layer, word, current, total } => {
            json!({"event": "layer", "layer": layer, "status": word, "current": current, "total": total})
        }
        EventKind::Waiting(last) => json!({"event": "waiting", "last": last}),
        EventKind::Note(note) => json!({"event": "note", "note": note}),
        EventKind::Finished => json!({"event": "finished", "took": took.as_secs_f64()}),
        EventKind::Abandoned => json!({"event": "abandoned", "took": took.as_secs_f64()}),
        EventKind::Failed(reason) | EventKind::FailedAlike(reason) => {
            json!({"event": "failed", "took": took.as_secs_f64(), "reason": reason})
        }
    };
    if let (Some(object), Value::Object(further)) = (object.as_object_mut(), further) {
        object.extend(further);
    }
    object
}
