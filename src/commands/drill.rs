//! `tdd-stack drill`

use crate::drill::runner::{self, Pace};
use crate::error::{Error, Result};
use crate::session::{Exit, Session};

/// Trigger alerts and follow each one to the receiver
///
/// During the drill, Prometheus scrapes a demo application, and every alert has the label drill="true". If your receiver
/// listens on the port that alertmanager.yml names for `tdd-webhook`, it gets the alerts. The original files are restored
/// afterwards, even after an interrupt. Exits with 1 if an alert is not delivered, and reports where it stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Alert to trigger, or `all`
    #[arg(default_value = "all", value_name = "ALERT")]
    alert: String,

    /// Shorten windows and waits, so that the drill takes minutes
    #[arg(long)]
    fast: bool,
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()>,
) -> Result<Exit> {
    let requested = (args.alert != "all").then_some(args.alert.as_str());
    let exercises = runner::exercises(requested);
    if exercises.is_empty() {
        let reason =
            format!("unknown alert `{}`; the alerts are {}", args.alert, runner::alerts().join(", "));
        return Err(Error::Usage { place: "drill".into(), reason });
    }
    let pace = if args.fast { Pace::Fast } else { Pace::Real };
    session.drill(pace, exercises, interrupted).await
}
