//! `tdd-stack up`

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::model::verification::{Application, Verdict, Verification};
use crate::observe::reaches_wanted;
use crate::output::Summary;
use crate::plan::{self, DashboardEdits, PullPolicy, Request, VerifyTime};
use crate::session::password::MadePassword;
use crate::session::retry::retry_transient;
use crate::session::{Done, Exit, Session, WaitOptions};
use crate::status::Status;

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
    let began = Instant::now();
    let engine = session.engine().await?;
    if !args.dry_run {
        reaches_wanted(&engine, &session.stack)?;
    }
    retry_transient(async || attempt(args, session, &engine, began).await).await
}

async fn attempt(args: &Args, session: &Session, engine: &Engine, began: Instant) -> Result<Exit> {
    session.wait_until_idle(engine).await?;
    let mut observed = session.observe(engine).await?;
    if observed.objects.restore.is_some() && !args.dry_run {
        // A running restore holds the lock. If the lock is free, the restore was killed.
        session.with_lock(engine, &observed.objects, "up", async { Ok(()) }).await?;
        observed = session.observe(engine).await?;
    }
    let mut request = args.request();
    let plan = plan::up(&session.stack, &observed, request)?;
    let changes = plan::text_changes(&plan, &observed);
    if args.dry_run {
        session.printer.plan(&session.stack.name, &plan, &changes);
        return Ok(Exit::Reached);
    }
    let patience = WaitOptions { each: args.wait_timeout, application: application(args.require_app) };
    let mut done = Done::default();
    // Without the lock, because pulls block no other program. They show which tags have new images.
    let mut applied = plan.pulls();
    let mut is_settled = plan.is_empty();
    if !applied.is_empty() {
        done.extend(session.apply(engine, &applied, patience).await?);
        observed = session.observe(engine).await?;
        request.pull = PullPolicy::Never;
        is_settled = plan::up(&session.stack, &observed, request)?.is_empty();
    }
    if is_settled {
        session.sweep(engine, &observed.objects).await?;
    } else {
        let objects = observed.objects.clone();
        let change = async {
            // Another program may have changed the stack before this one got the lock.
            let mut plan = plan::up(&session.stack, &session.observe(engine).await?, request)?;
            let mut done = session.apply(engine, &plan, patience).await?;
            let mut seen = session.observe(engine).await?;
            // The engine may have continued with requests of a program that was killed.
            let rest = plan::up(&session.stack, &seen, request)?;
            if !rest.is_empty() {
                done.extend(session.apply(engine, &rest, patience).await?);
                seen = session.observe(engine).await?;
                plan.extend(rest);
            }
            Ok((plan, done, seen))
        };
        let (plan, further, seen) = session.with_lock(engine, &objects, "up", change).await?;
        applied.extend(plan);
        done.extend(further);
        observed = seen;
    }
    let plan = applied;
    let proof = match done.proof {
        // A wait that failed with the shorter intervals is not repeated.
        Some(proof) if !matches!(&proof, Ok(seen) if seen.verdict() == Verdict::Proven) => Some(proof?),
        // The original intervals are back, so the verification uses them.
        _ if args.wants_proof() => {
            let operator = engine.operator();
            let waiter = Waiter::new(session.context(&operator), patience.each);
            Some(waiter.proof(patience.application, |_| {}).await?)
        }
        _ => None,
    };
    if let Some(Verdict::Pending(missing) | Verdict::Unhealthy(missing)) =
        proof.as_ref().map(Verification::verdict)
    {
        return Err(Error::Unhealthy(missing));
    }
    let status = Status::of(&session.stack, &observed, proof, |address| engine.url(address).ok());
    session.printer.summary(&Summary {
        status: &status,
        plan: &plan,
        changes: &changes,
        folder: session.folder.path(),
        timings: &done.timings,
        total: began.elapsed(),
        login: &session.stack.login,
        dashboards: session.stack.dashboards.iter().map(|dashboard| dashboard.uid).collect(),
    });
    Ok(Exit::Reached)
}

/// Returns the role of the application in the verdict.
pub(crate) fn application(is_required: bool) -> Application {
    if is_required { Application::Required } else { Application::Reported }
}
