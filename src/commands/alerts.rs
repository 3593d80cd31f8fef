//! `tdd-stack alerts`

use std::time::{Duration, SystemTime};

use crate::deadline::within;
use crate::error::{Error, Result};
use crate::http::{AlertmanagerClient, PrometheusClient};
use crate::model::alert::Alerts;
use crate::observe::{addresses, reaches_running};
use crate::session::{Exit, Session};
use crate::verify::Address;

/// The time limit of a request, which a healthy service answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Show firing alerts with start time, route and runbook
///
/// Also shows pending and suppressed alerts. `Watchdog` always fires; it shows that Prometheus reaches Alertmanager.
/// Notifications are counted by the kind of receiver, because Alertmanager does not count them by alert.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit with 1 if an alert fires that is not suppressed
    #[arg(long, env = "TDD_STACK_FAIL_ON_FIRING")]
    fail_on_firing: bool,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let inventory = engine.inventory(&session.stack.name).await?;
    if let Err(error) = reaches_running(&engine, &inventory.objects) {
        let alerts = Alerts { unanswered: vec![error.in_one_line()], ..Alerts::default() };
        session.printer.alerts(&session.stack.name, &alerts);
        return Ok(Exit::Reported(error));
    }
    let addresses = addresses(&inventory.objects, &engine);
    let (evaluated, arrived) = tokio::join!(
        asked("Prometheus", addresses.prometheus, |base| async {
            PrometheusClient::new(&session.http, base).alerts().await
        }),
        asked("Alertmanager", addresses.alertmanager, |base| async {
            let alertmanager = AlertmanagerClient::new(&session.http, base);
            tokio::try_join!(alertmanager.alerts(), alertmanager.silences(), alertmanager.deliveries())
        })
    );
    let mut unanswered = Vec::new();
    let evaluated = evaluated.unwrap_or_else(|error| {
        unanswered.push(error.in_one_line());
        Vec::new()
    });
    let (arrived, silences, deliveries) = match arrived {
        Ok((arrived, silences, deliveries)) => (arrived, silences, Some(deliveries)),
        Err(error) => {
            unanswered.push(error.in_one_line());
            (Vec::new(), Vec::new(), None)
        }
    };
    let mut alerts = Alerts::of(&evaluated, &arrived, &silences, SystemTime::now());
    (alerts.deliveries, alerts.unanswered) = (deliveries, unanswered);
    session.printer.alerts(&session.stack.name, &alerts);
    Ok(match alerts.unanswered.is_empty() {
        false => Exit::Reported(Error::Problems(alerts.unanswered)),
        true if args.fail_on_firing && alerts.firing() > 0 => Exit::Problems,
        true => Exit::Reached,
    })
}

/// Asks a running service, within [`PATIENCE`].
async fn asked<T, F>(service: &str, base: Address, ask: impl FnOnce(String) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let doing = format!("ask {service}");
    let base = base.map_err(Error::http(&doing))?;
    within(PATIENCE, ask(base), || Error::http(doing)("it does not answer in time")).await
}
