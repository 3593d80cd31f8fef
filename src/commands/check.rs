//! `tdd-stack check`

use crate::error::Result;
use crate::session::{Exit, Session};

/// Check the configuration files with promtool and amtool
///
/// Runs both tools from the stack's own images in temporary containers, and pulls missing images. Reports file, line
/// and reason of each error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(session: &Session) -> Result<Exit> {
    session.check().await
}
