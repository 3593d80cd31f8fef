//! `tdd-stack doctor`

use crate::doctor::collect::{DoctorContext, collect};
use crate::doctor::{self, DoctorOptions, Severity};
use crate::error::Result;
use crate::session::{Exit, Session};

/// Diagnose common problems
///
/// Checks the engine, images, ports, disk and files, and, if the stack runs, the connection from its network to your
/// application and your alert receiver. Works before the first `up` too. Changes nothing. Exits with 1 if there is an
/// error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Report an error if your application does not run
    #[arg(long, env = "TDD_STACK_REQUIRE_APP")]
    require_app: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let examined = DoctorContext { http: &session.http, folder: &session.folder, stack: &session.stack };
    // Boxed, because the future of all concurrent requests is too large for a thread's stack.
    let facts = Box::pin(collect(examined, session.engine())).await;
    let options = DoctorOptions {
        stack: session.stack.name.clone(),
        network: session.stack.network(),
        app_host: session.settings.app_host,
        require_app: args.require_app,
    };
    let findings = doctor::diagnose(&facts, &options);
    session.printer.findings(&session.stack.name, &findings);
    Ok(if doctor::worst(&findings) == Severity::Bad { Exit::Problems } else { Exit::Reached })
}
