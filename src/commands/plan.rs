//! `tdd-stack plan`

use crate::error::Result;
use crate::plan::{self, Request};
use crate::session::retry::retry_transient;
use crate::session::{Exit, Session};

/// Print what `up` would do, with the cause of each operation
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit with 10 if changes are pending
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    session.wait_until_idle(&engine).await?;
    let observed = retry_transient(async || session.observe(&engine).await).await?;
    let plan = plan::up(&session.stack, &observed, Request::default())?;
    let changes = plan::text_changes(&plan, &observed);
    session.printer.plan(&session.stack.name, &plan, &changes);
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::ChangesPending } else { Exit::Reached })
}
