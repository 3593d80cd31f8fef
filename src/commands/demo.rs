//! `tdd-stack demo`

use std::net::IpAddr;
use std::time::Duration;

use crate::demo::{Ports, Scenario};
use crate::error::Result;
use crate::session::demo::Request;
use crate::session::{Exit, Session};

/// The longest history. It is generated in memory: half a gigabyte at this length.
const LONGEST_HISTORY: Duration = Duration::from_hours(12);

/// Run a demo application and an alert receiver until interrupted
///
/// Serves all metrics of the contract on the ports that the configuration names, on loopback and on the address where
/// the containers expect the application. Prints each notification that arrives. `tdd-stack demo set SCENARIO` switches
/// the scenario while the demo runs.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    /// Scenario to start with
    #[arg(long, value_enum, default_value = "steady", value_name = "SCENARIO")]
    scenario: Scenario,

    /// Random seed (same seed, same run)
    #[arg(long, default_value = "1", value_name = "N")]
    seed: u64,

    /// Import past data of this length, such as 2h; restarts Prometheus once
    #[arg(long, value_name = "TIME", value_parser = history)]
    history: Option<Duration>,

    /// Address to listen on instead of the default ones, repeatable
    #[arg(long, value_name = "ADDR")]
    listen: Vec<IpAddr>,

    /// Port of job streamlit-app, 0 for any free port
    #[arg(long, default_value = "8501", value_name = "PORT")]
    health_port: u16,

    /// Port of job app-metrics, 0 for any free port
    #[arg(long, default_value = "8502", value_name = "PORT")]
    metrics_port: u16,

    /// Port of the alert receiver, 0 for any free port
    #[arg(long, default_value = "5001", value_name = "PORT")]
    receiver_port: u16,

    /// Loopback port for `demo set`, 0 for any free port
    #[arg(long, default_value = "8503", value_name = "PORT")]
    control_port: u16,
}

/// The actions on a running demo.
#[derive(Debug, clap::Subcommand)]
enum Action {
    Set(SetArgs),
}

/// Switch the scenario of the running demo
#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Scenario to switch to
    #[arg(value_enum, value_name = "SCENARIO")]
    scenario: Scenario,

    /// Control port of the demo
    #[arg(long, default_value = "8503", value_name = "PORT")]
    control_port: u16,
}

impl Args {
    /// Returns whether the demo changes the data of the stack.
    pub(super) fn imports_history(&self) -> bool {
        self.history.is_some() && self.action.is_none()
    }

    fn request(&self) -> Request {
        let ports = Ports {
            health: self.health_port,
            metrics: self.metrics_port,
            receiver: self.receiver_port,
            control: self.control_port,
        };
        Request {
            scenario: self.scenario,
            seed: self.seed,
            history: self.history,
            listen: self.listen.clone(),
            ports,
        }
    }
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()>,
) -> Result<Exit> {
    match &args.action {
        Some(Action::Set(set)) => session.set_scenario(set.scenario, set.control_port).await,
        None => session.demo(&args.request(), interrupted).await,
    }
}

fn history(text: &str) -> std::result::Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if length > LONGEST_HISTORY {
        return Err(format!("{} is the longest history", humantime::format_duration(LONGEST_HISTORY)));
    }
    Ok(length)
}
