//! The program's version and those of the services, for people and for scripts.

use serde_json::{Value, json};

use super::{object, print, table};
use crate::services::Release;

/// Prints the program's version, and for each service the default image and the tested version.
pub fn versions(json: bool, program: &str, releases: &[Release]) {
    if json { object(&document(program, releases)) } else { print(&text(program, releases)) }
}

fn text(program: &str, releases: &[Release]) -> String {
    let mut table = table::table(["service", "pulled by default", "tests ran on"]);
    table.add_rows(releases.iter().map(|release| [release.service, release.image, release.tested]));
    format!("tdd-stack {program}\n\n{}\n", table.trim_fmt())
}

fn document(program: &str, releases: &[Release]) -> Value {
    let release = |release: &Release| json!({"service": release.service, "image": release.image, "tested": release.tested});
    json!({
        "schema": "tdd-stack.version/1",
        "version": program,
        "services": releases.iter().map(release).collect::<Vec<_>>(),
    })
}
