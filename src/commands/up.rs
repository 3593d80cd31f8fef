//! `tdd-stack up`

use std::time::Duration;

use crate::error::Result;
use crate::model::verification::Application;
use crate::plan::{DashboardEdits, PullPolicy, Request, VerifyTime};
use crate::session::password::MadePassword;
use crate::session::up::UpRequest;
use crate::session::{Exit, Session, WaitOptions};

/// Create or update the stack and wait until it is ready
///
/// Applies only what changed, exactly the operations that `tdd-stack plan` prints. Exits with 5 if a service is not ready
/// before the deadline, and with 6 if all services are ready but monitoring does not work (`--wait proven`).
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// State to wait for
    #[arg(long, value_enum, env = "TDD_STACK_WAIT", default_value = "ready", value_name = "STATE")]
    wait: Wait,

    /// Deadline of the wait; exit with 5 or 6 after it
    #[arg(long, env = "TDD_STACK_WAIT_TIMEOUT", default_value = "120s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    wait_timeout: Duration,

    /// When to pull images
    #[arg(long, value_enum, env = "TDD_STACK_PULL", default_value = "missing", value_name = "WHEN")]
    pull: Pull,

    /// Replace dashboards that were edited in Grafana
    #[arg(long, env = "TDD_STACK_OVERWRITE_DASHBOARDS")]
    overwrite_dashboards: bool,

    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Generate a password for Grafana and store it in a private file
    #[arg(long, env = "TDD_STACK_GENERATE_PASSWORD")]
    generate_password: bool,

    /// Wait for your application's targets too; exit with 6 if one is down
    #[arg(long, env = "TDD_STACK_REQUIRE_APP")]
    require_app: bool,
}

/// A state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wait {
    /// Services answer, the data source works, the dashboard is imported
    Ready,
    /// Prometheus scrapes all services; all rules and Alertmanager work
    Proven,
}

/// When to pull images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pull {
    /// Pull missing images
    Missing,
    /// Pull all images
    Always,
    /// Pull no image
    Never,
}

impl Args {
    fn request(&self) -> Request {
        let pull = match self.pull {
            Pull::Missing => PullPolicy::Missing,
            Pull::Always => PullPolicy::Always,
            Pull::Never => PullPolicy::Never,
        };
        Request {
            pull,
            proof: if self.wants_proof() { VerifyTime::Now } else { VerifyTime::Later },
            edits: if self.overwrite_dashboards { DashboardEdits::Overwrite } else { DashboardEdits::Keep },
        }
    }

    pub(super) fn password_to_make(&self) -> Option<MadePassword> {
        let keep = if self.dry_run { MadePassword::Forgotten } else { MadePassword::Stored };
        self.generate_password.then_some(keep)
    }

    fn wants_proof(&self) -> bool {
        self.wait == Wait::Proven || self.require_app
    }
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let request = UpRequest {
        plan: args.request(),
        is_dry_run: args.dry_run,
        wants_proof: args.wants_proof(),
        options: WaitOptions { each: args.wait_timeout, application: application(args.require_app) },
    };
    session.up(request).await
}

/// Returns the role of the application in the verdict.
pub(crate) fn application(is_required: bool) -> Application {
    if is_required { Application::Required } else { Application::Reported }
}
