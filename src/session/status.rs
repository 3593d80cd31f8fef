//! Shows the status once, or again and again, after a wait if one is requested.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::{Exit, Session};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::http::AlertmanagerClient;
use crate::model::observed::{NotAsked, ObservedGrafana};
use crate::model::verification::Application;
use crate::observe::{addresses, reaches_running};
use crate::output;
use crate::status::{Status, StatusVerdict};
use crate::verify::verify;

/// The interval of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);

/// The state that `status` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// None.
    Any,
    /// All services are ready.
    Ready,
    /// The monitoring is healthy.
    Healthy,
}

/// What `status` was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusRequest {
    /// The state to wait for.
    pub(crate) awaited: Awaited,
    /// How long it is waited for.
    pub(crate) timeout: Duration,
    /// Whether the status is shown again and again.
    pub(crate) watch: bool,
    /// The role of the application in the verdict.
    pub(crate) application: Application,
}

impl Session {
    /// Prints the status.
    pub(crate) async fn status(&self, request: StatusRequest) -> Result<Exit> {
        let engine = self.engine().await?;
        let deadline = Instant::now() + request.timeout;
        loop {
            let (status, out_of_reach) = self.look(&engine, request.application).await?;
            let finding = status.finding();
            let reached = match request.awaited {
                Awaited::Any => true,
                Awaited::Ready => {
                    !matches!(finding, StatusVerdict::Problems(_) | StatusVerdict::OutOfReach(_))
                }
                Awaited::Healthy => finding == StatusVerdict::Good,
            };
            // Waiting does not fix a refused login or an unreachable port.
            if !reached && status.hindrance.is_none() && out_of_reach.is_none() && Instant::now() < deadline {
                sleep(Duration::from_millis(250)).await;
                continue;
            }
            if request.watch {
                output::clear();
            }
            self.printer.status(&status);
            if !request.watch {
                return Ok(exit(finding, reached, out_of_reach));
            }
            self.printer.updated_at(SystemTime::now());
            sleep(PAUSE).await;
        }
    }

    /// Returns the status, and the reason if running services are not reachable from here.
    async fn look(&self, engine: &Engine, application: Application) -> Result<(Status, Option<Error>)> {
        let observed = self.observe(engine).await?;
        let out_of_reach = reaches_running(engine, &observed.objects).err();
        let (proof, deliveries) = if observed.objects.containers.is_empty() || out_of_reach.is_some() {
            (None, None)
        } else {
            let mut addresses = addresses(&observed.objects, engine);
            if observed.grafana == ObservedGrafana::LoginRefused {
                // The login was tried once, and five failed tries lock the account.
                addresses.grafana = Err(NotAsked::LoginRefused);
            }
            let deliveries = async {
                let base = addresses.alertmanager.as_deref().ok()?;
                AlertmanagerClient::new(&self.http, base).deliveries().await.ok()
            };
            let verification = verify(&self.http, &self.stack, &addresses, application);
            let (verification, deliveries) = tokio::join!(verification, deliveries);
            (Some(verification?), deliveries)
        };
        let url = |address| engine.url(address).ok();
        let status = Status { deliveries, ..Status::of(&self.stack, &observed, proof, url) };
        Ok((status, out_of_reach))
    }
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
