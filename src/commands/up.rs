//! `tdd-stack up`

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Exit, Session};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::observe::base;
use crate::observed::Observed;
use crate::plan::{self, Plan, PullPolicy};
use crate::proof::{Proof, Verdict};
use crate::prove::prove;
use crate::render::{self, Summary, Timings};

/// Bring the stack up, wait until it is ready, import the dashboard
///
/// Runs exactly what `tdd-stack plan` prints. Run again, it does nothing, or what is missing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// State to wait for: `proven` means that Prometheus itself has seen all of it
    #[arg(long, value_enum, env = "TDD_STACK_WAIT", default_value = "ready", value_name = "STATE")]
    wait: Wait,

    /// How long to wait for it
    #[arg(long, env = "TDD_STACK_WAIT_TIMEOUT", default_value = "120s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    wait_timeout: Duration,

    /// When to pull images
    #[arg(long, value_enum, env = "TDD_STACK_PULL", default_value = "missing", value_name = "WHEN")]
    pull: Pull,

    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// A state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wait {
    /// Endpoints answer, the data source is healthy, the dashboard is imported
    Ready,
    /// Prometheus scrapes every service, every rule is healthy, Alertmanager is active
    Proven,
}

/// When to pull images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pull {
    /// Those that are not there
    Missing,
    /// All of them
    Always,
    /// None
    Never,
}

impl From<Pull> for PullPolicy {
    fn from(pull: Pull) -> Self {
        match pull {
            Pull::Missing => Self::Missing,
            Pull::Always => Self::Always,
            Pull::Never => Self::Never,
        }
    }
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let began = Instant::now();
    let engine = session.engine().await?;
    let mut observed = session.observe(&engine).await?;
    let mut plan = plan::up(&session.stack, &observed, args.pull.into())?;
    if args.dry_run {
        render::plan(session.json(), &session.stack.name, &plan);
        return Ok(Exit::Reached);
    }
    let mut timings = session.apply(&engine, &plan, args.wait_timeout).await?;
    if !plan.is_empty() {
        observed = session.observe(&engine).await?;
    }
    if args.pull == Pull::Always {
        // Only now is it known which tags moved on.
        let second = plan::up(&session.stack, &observed, PullPolicy::Never)?;
        timings.extend(session.apply(&engine, &second, args.wait_timeout).await?);
        observed = session.observe(&engine).await?;
        plan.steps.extend(second.steps);
    }
    let proof = match args.wait {
        Wait::Ready => None,
        Wait::Proven => Some(proven(session, &engine, &observed, Instant::now() + args.wait_timeout).await?),
    };
    summarise(session, &observed, &engine, &plan, &timings, proof.as_ref(), began.elapsed());
    Ok(Exit::Reached)
}

/// Asks until everything required is seen, or patience ends.
pub(crate) async fn proven(
    session: &Session,
    engine: &Engine,
    observed: &Observed,
    deadline: Instant,
) -> Result<Proof> {
    let address = |service| base(&observed.objects, service, engine);
    let (prometheus, grafana) = (address("prometheus"), address("grafana"));
    loop {
        let proof = prove(&session.http, &session.stack, prometheus.as_deref(), grafana.as_deref()).await?;
        match proof.verdict() {
            Verdict::Proven => return Ok(proof),
            Verdict::Pending(missing) | Verdict::Blind(missing) if Instant::now() >= deadline => {
                return Err(Error::Blind(missing));
            }
            Verdict::Pending(_) | Verdict::Blind(_) => sleep(Duration::from_millis(250)).await,
        }
    }
}

fn summarise(
    session: &Session,
    observed: &Observed,
    engine: &Engine,
    plan: &Plan,
    timings: &Timings,
    proof: Option<&Proof>,
    total: Duration,
) {
    let status = crate::status::Status::of(&session.stack, observed, proof.cloned(), &engine.host());
    let summary = Summary {
        status: &status,
        plan,
        timings,
        total,
        login: &session.stack.login,
        dashboards: session.stack.dashboards.iter().map(|dashboard| dashboard.uid).collect(),
    };
    render::summary(session.json(), &summary);
}
