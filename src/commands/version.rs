//! `tdd-stack version`

use crate::output::Printer;
use crate::services;
use crate::session::Exit;

/// Show versions of the program and the services
///
/// Lists, for each service, the image that is pulled by default and the tested version.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(printer: &Printer) -> Exit {
    let releases: Vec<services::Release> = services::releases().collect();
    printer.versions(env!("CARGO_PKG_VERSION"), &releases);
    Exit::Reached
}
