//! The program's version and those of the services, for people and for scripts.

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::services::Release;

impl Printer {
    /// Prints the program's version, and for each service the default image and the tested version.
    pub fn versions(&self, program: &str, releases: &[Release]) {
        self.result(|_| text_screen(&text(program, releases)), || schema::versions(program, releases));
    }
}

fn text(program: &str, releases: &[Release]) -> String {
    let mut table = table::table(["service", "pulled by default", "tests ran on"]);
    table.add_rows(releases.iter().map(|release| [release.service, release.image, release.tested]));
    format!("tdd-stack {program}\n\n{}\n", table.trim_fmt())
}
