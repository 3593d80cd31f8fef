//! `tdd-stack version`

use crate::config::settings::OutputFormat;
use crate::output;
use crate::services;
use crate::session::Exit;

/// Show versions of the program and the services
///
/// Lists, for each service, the image that is pulled by default and the tested version.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(output: OutputFormat) -> Exit {
    let releases: Vec<services::Release> = services::releases().collect();
    output::versions(output == OutputFormat::Json, env!("CARGO_PKG_VERSION"), &releases);
    Exit::Reached
}
