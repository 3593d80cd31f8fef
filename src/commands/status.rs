//! `tdd-stack status`

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::up::Wait;
use super::{Exit, Session};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::observe::base;
use crate::prove::prove;
use crate::render;
use crate::status::{Finding, Status};

/// Between two looks of `--watch`, and of a wait.
const PAUSE: Duration = Duration::from_secs(2);

/// Show what runs, whether it observes, and what differs from what is wanted
///
/// Exits with 1 if something is amiss, with 6 if the stack runs but is blind.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show it again and again, until interrupted
    #[arg(long)]
    watch: bool,

    /// Wait for a state first
    #[arg(long, value_enum, value_name = "STATE")]
    wait: Option<Wait>,

    /// How long to wait for it
    #[arg(long, env = "TDD_STACK_WAIT_TIMEOUT", default_value = "120s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    wait_timeout: Duration,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let deadline = Instant::now() + args.wait_timeout;
    loop {
        let status = look(session, &engine).await?;
        let finding = status.finding();
        let reached = match args.wait {
            None => true,
            Some(Wait::Ready) => !matches!(finding, Finding::Amiss(_)),
            Some(Wait::Proven) => finding == Finding::Good,
        };
        if !reached && Instant::now() < deadline {
            sleep(Duration::from_millis(250)).await;
            continue;
        }
        if args.watch {
            render::clear();
        }
        render::status(session.json(), &status);
        if !args.watch {
            return Ok(exit(finding, reached));
        }
        sleep(PAUSE).await;
    }
}

async fn look(session: &Session, engine: &Engine) -> Result<Status> {
    let observed = session.observe(engine).await?;
    let address = |service| base(&observed.objects, service, engine);
    let (prometheus, grafana) = (address("prometheus"), address("grafana"));
    let proof = if observed.objects.containers.is_empty() {
        None
    } else {
        Some(prove(&session.http, &session.stack, prometheus.as_deref(), grafana.as_deref()).await?)
    };
    Ok(Status::of(&session.stack, &observed, proof, &engine.host()))
}

fn exit(finding: Finding, reached: bool) -> Exit {
    match finding {
        Finding::Good => Exit::Reached,
        Finding::Pending(_) if reached => Exit::Reached,
        Finding::Amiss(problems) => Exit::Reported(Error::Amiss(problems)),
        Finding::Pending(problems) | Finding::Blind(problems) => Exit::Reported(Error::Blind(problems)),
    }
}
