//! `tdd-stack version`

use crate::output::Printer;
use crate::services;
use crate::session::Exit;

/// Show the program's version and the versions of the services
///
/// Lists the image that is pulled by default for each service, and the version that the tests ran on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(printer: &Printer) -> Exit {
    let releases: Vec<services::Release> = services::releases().collect();
    printer.versions(env!("CARGO_PKG_VERSION"), &releases);
    Exit::Reached
}
