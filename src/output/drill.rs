//! How far each alert of a drill came.

use std::time::Duration;

use comfy_table::Table;
use serde_json::{Map, Value, json};

use super::table;
use crate::drill::trace::{AlertTrace, Stage};

pub(super) fn text(stack: &str, courses: &[AlertTrace], total: Duration) -> String {
    let mut header = vec!["alert"];
    header.extend(Stage::ALL.map(Stage::name));
    let mut rows: Table = table::plain(header);
    for course in courses {
        let mut row = vec![course.alert.to_string()];
        row.extend(Stage::ALL.map(|stage| match course.stages.get(&stage) {
            Some(time) => format!("{:.1} s", time.as_secs_f64()),
            None if stage == Stage::Resolved && !course.resolves => "-".into(),
            None => "NEVER".into(),
        }));
        rows.add_row(row);
    }
    let arrived = courses.iter().filter(|course| course.fault().is_none()).count();
    format!(
        "stack {stack}: {arrived} of {} alerts came through in {:.0} s\n\n{rows}\n\nSeconds since the fault began; for \
         `resolved`, since it ended.\n",
        courses.len(),
        total.as_secs_f64()
    )
}

pub(super) fn document(stack: &str, courses: &[AlertTrace], total: Duration) -> Value {
    let course = |course: &AlertTrace| {
        let stages: Map<String, Value> = course
            .stages
            .iter()
            .map(|(stage, time)| (stage.name().to_string(), time.as_secs_f64().into()))
            .collect();
        json!({"alert": course.alert, "ok": course.fault().is_none(), "hops": stages, "fault": course.fault()})
    };
    json!({
        "schema": "tdd-stack.drill/1",
        "stack": stack,
        "ok": courses.iter().all(|course| course.fault().is_none()),
        "seconds": total.as_secs_f64(),
        "alerts": courses.iter().map(course).collect::<Vec<_>>(),
    })
}
