//! How far each alert of a drill came.

use std::time::Duration;

use comfy_table::Table;

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::drill::trace::{AlertTrace, Stage};

impl Printer {
    /// Prints how far each alert of a drill came.
    pub fn drill(&self, stack: &str, traces: &[AlertTrace], total: Duration) {
        self.result(|_| text_screen(&text(stack, traces, total)), || schema::drill(stack, traces, total));
    }
}

fn text(stack: &str, courses: &[AlertTrace], total: Duration) -> String {
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
