//! `tdd-stack status`

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::up::{Wait, application};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::model::observed::{NotAsked, ObservedGrafana};
use crate::model::verification::Application;
use crate::observe::{addresses, reaches_running};
use crate::output;
use crate::session::{Exit, Session};
use crate::status::{Status, StatusVerdict};
use crate::verify::verify;

/// The interval of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);

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
    let engine = session.engine().await?;
    let deadline = Instant::now() + args.wait_timeout;
    loop {
        let (status, out_of_reach) = look(session, &engine, application(args.require_app)).await?;
        let finding = status.finding();
        let reached = match args.wait {
            None => true,
            Some(Wait::Ready) => {
                !matches!(finding, StatusVerdict::Problems(_) | StatusVerdict::OutOfReach(_))
            }
            Some(Wait::Proven) => finding == StatusVerdict::Good,
        };
        // Waiting does not fix a refused login or an unreachable port.
        if !reached && status.hindrance.is_none() && out_of_reach.is_none() && Instant::now() < deadline {
            sleep(Duration::from_millis(250)).await;
            continue;
        }
        if args.watch {
            output::clear();
        }
        session.printer.status(&status);
        if !args.watch {
            return Ok(exit(finding, reached, out_of_reach));
        }
        sleep(PAUSE).await;
    }
}

/// Returns the status, and the reason if running services are not reachable from here.
async fn look(
    session: &Session,
    engine: &Engine,
    application: Application,
) -> Result<(Status, Option<Error>)> {
    let observed = session.observe(engine).await?;
    let out_of_reach = reaches_running(engine, &observed.objects).err();
    let proof = if observed.objects.containers.is_empty() || out_of_reach.is_some() {
        None
    } else {
        let mut addresses = addresses(&observed.objects, engine);
        if observed.grafana == ObservedGrafana::LoginRefused {
            // The login was tried once, and five failed tries lock the account.
            addresses.grafana = Err(NotAsked::LoginRefused);
        }
        Some(verify(&session.http, &session.stack, &addresses, application).await?)
    };
    let status = Status::of(&session.stack, &observed, proof, |address| engine.url(address).ok());
    Ok((status, out_of_reach))
}

fn exit(finding: StatusVerdict, reached: bool, out_of_reach: Option<Error>) -> Exit {
    match finding {
        StatusVerdict::Good => Exit::Reached,
        StatusVerdict::Pending(_) if reached => Exit::Reached,
        StatusVerdict::OutOfReach(problems) => {
            Exit::Reported(out_of_reach.unwrap_or(Error::Problems(problems)))
        }
        StatusVerdict::Problems(problems) => Exit::Judged(Error::Problems(problems)),
        StatusVerdict::Pending(problems) | StatusVerdict::Unhealthy(problems) => {
            Exit::Judged(Error::Unhealthy(problems))
        }
    }
}
