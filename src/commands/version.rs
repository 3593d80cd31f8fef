//! `tdd-stack version`

use crate::config::settings::OutputFormat;
use crate::output;
use crate::services;
use crate::session::Exit;

/// Show the program's version and the versions of the services
///
/// Lists the image that is pulled by default for each service, and the version that the tests ran on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(output: OutputFormat) -> Exit {
    let releases: Vec<services::Release> = services::releases().collect();
    output::versions(output == OutputFormat::Json, env!("CARGO_PKG_VERSION"), &releases);
    Exit::Reached
}
