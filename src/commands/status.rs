//! `tdd-stack status`

use std::time::Duration;

use super::up::{Wait, application};
use crate::error::Result;
use crate::session::status::{Awaited, StatusRequest};
use crate::session::{Exit, Session};

/// Show services, differences, and whether monitoring works
///
/// Exits with 1 if there is a problem, with 6 if the stack runs but monitoring does not work, and with 4 if the ports of
/// the engine are not reachable from here.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Repeat until interrupted
    #[arg(long)]
    watch: bool,

    /// State to wait for first
    #[arg(long, value_enum, value_name = "STATE")]
    wait: Option<Wait>,

    /// Deadline of the wait
    #[arg(long, env = "TDD_STACK_WAIT_TIMEOUT", default_value = "120s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    wait_timeout: Duration,

    /// Require your application's targets too; exit with 6 if one is down
    #[arg(long, env = "TDD_STACK_REQUIRE_APP")]
    require_app: bool,
}

impl Args {
    /// Returns whether the command runs until it is interrupted.
    pub(super) fn is_endless(&self) -> bool {
        self.watch
    }
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let awaited = match args.wait {
        None => Awaited::Any,
        Some(Wait::Ready) => Awaited::Ready,
        Some(Wait::Proven) => Awaited::Healthy,
    };
    let request = StatusRequest {
        awaited,
        timeout: args.wait_timeout,
        watch: args.watch,
        application: application(args.require_app),
    };
    session.status(request).await
}
