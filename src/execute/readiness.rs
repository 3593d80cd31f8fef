//! Waits for services and watches their containers: a container that exits ends the wait at once.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::context::StackContext;
use crate::docker::phrases::Meaning;
use crate::engine::Running;
use crate::error::{Death, Error, Result};
use crate::http::{GrafanaClient, PrometheusClient};
use crate::model::observed::{ContainerState, Readiness};
use crate::model::stack::Service;
use crate::model::verification::{Application, Verdict, Verification};
use crate::verify::{Addresses, verify};

/// The first pause between two probes; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Short enough not to be noticed, long enough not to burden a starting service.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// The interval at which the container is inspected.
const INSPECT_EVERY: Duration = Duration::from_millis(150);

/// A verification queries every panel, so the pause is longer.
const BETWEEN_PROOFS: Duration = Duration::from_millis(250);

/// What a wait needs.
#[derive(Clone, Copy, Debug)]
pub struct Waiter<'a> {
    /// The stack.
    pub context: StackContext<'a>,
    /// When the wait times out.
    pub deadline: Instant,
    /// The whole time limit, for the error message.
    pub patience: Duration,
}

impl<'a> Waiter<'a> {
    /// Returns a waiter whose time starts now.
    pub fn new(context: StackContext<'a>, patience: Duration) -> Self {
        Self { context, deadline: Instant::now() + patience, patience }
    }

    /// Waits until a service is ready. `waiting` receives each other answer.
    pub async fn ready(&self, service: &Service, mut waiting: impl FnMut(&str)) -> Result<()> {
        let container = self.context.stack.container(service.name);
        let first = self.context.engine().running(&container).await?;
        let mut url = self.url(&first)?;
        self.alive(service, &first, first.restarts).await?;
        let mut inspected = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut last = "does not answer".to_string();
        loop {
            let probe = async {
                match &url {
                    Some(url) => self.context.http.probe(url, service.probe).await,
                    None => Readiness::NotReady("has no published port".into()),
                }
            };
            match timeout_at(self.deadline, probe).await {
                Ok(Readiness::Ready) => return Ok(()),
                Ok(Readiness::NotReady(answer)) => last = answer,
                // The previous answer is more informative.
                Ok(Readiness::OutOfReach) | Err(_) => {}
            }
            waiting(&last);
            if inspected.elapsed() >= INSPECT_EVERY {
                inspected = Instant::now();
                let running = self.context.engine().running(&container).await?;
                self.alive(service, &running, first.restarts).await?;
                url = self.url(&running)?;
            }
            if Instant::now() >= self.deadline {
                return Err(Error::NotReady {
                    service: service.name.to_string(),
                    url: url.map_or("it".into(), |url| format!("{url}{}", service.probe.path)),
                    waited: self.patience,
                    last,
                    log: self.context.engine().last_lines(&container).await,
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until a data source answers through Grafana. `waiting` receives each other answer.
    pub async fn data_source(&self, uid: &str, mut waiting: impl FnMut(&str)) -> Result<()> {
        let url = self.base("grafana").await?;
        let grafana = GrafanaClient::new(self.context.http, &url, self.context.stack);
        let mut pause = FIRST_PAUSE;
        loop {
            let last = match grafana.data_source_health(uid).await? {
                Readiness::Ready => return Ok(()),
                Readiness::NotReady(last) => last,
                Readiness::OutOfReach => "is not reachable".into(),
            };
            waiting(&last);
            if Instant::now() >= self.deadline {
                return Err(Error::NotReady {
                    service: "grafana".into(),
                    url: format!("{url}/api/datasources/uid/{uid}/health"),
                    waited: self.patience,
                    last,
                    log: self.context.engine().last_lines(&self.context.stack.container("grafana")).await,
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Verifies the stack until it is healthy or the time is up, and returns the last result.
    pub async fn proof(
        &self,
        application: Application,
        mut waiting: impl FnMut(&str),
    ) -> Result<Verification> {
        let addresses = Addresses {
            prometheus: Ok(self.base("prometheus").await?),
            grafana: Ok(self.base("grafana").await?),
            alertmanager: Ok(self.base("alertmanager").await?),
        };
        loop {
            let proof = verify(self.context.http, self.context.stack, &addresses, application).await?;
            match proof.verdict() {
                Verdict::Pending(missing) | Verdict::Unhealthy(missing) if Instant::now() < self.deadline => {
                    waiting(&missing.join("; "));
                    sleep(BETWEEN_PROOFS).await;
                }
                Verdict::Proven | Verdict::Pending(_) | Verdict::Unhealthy(_) => return Ok(proof),
            }
        }
    }

    /// Runs `signal` and waits until the service reports that it reloaded its files.
    pub async fn reloaded(
        &self,
        service: &str,
        metrics_prefix: &str,
        signal: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let base = self.base(service).await?;
        let client = PrometheusClient::new(self.context.http, &base);
        let before = client.reload_state(metrics_prefix).await?;
        signal.await?;
        let mut pause = FIRST_PAUSE;
        loop {
            let now = client.reload_state(metrics_prefix).await?;
            // Any other time counts, not only a later one, because the service's clock may have been set
            // back.
            let is_newer = now.seconds.total_cmp(&before.seconds).is_ne();
            if now.successful && is_newer {
                return Ok(());
            }
            // The metric describes the previous reload until ours ends, so a failure is ours only if that one
            // succeeded.
            if !now.successful && before.successful || Instant::now() >= self.deadline {
                return Err(Error::Died {
                    service: service.to_string(),
                    death: Death::ConfigurationRefused,
                    log: self.context.engine().last_lines(&self.context.stack.container(service)).await,
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Returns the base URL of a running service.
    pub async fn base(&self, service: &str) -> Result<String> {
        let container = self.context.stack.container(service);
        let running = self.context.engine().running(&container).await?;
        let is_paused = running.state == ContainerState::Paused;
        let address = running.address.filter(|_| !is_paused).ok_or_else(|| Error::Died {
            service: service.to_string(),
            death: if is_paused { Death::Paused } else { Death::NotRunning },
            log: Vec::new(),
        })?;
        self.context.engine().url(address)
    }

    /// Returns the URL of a port that the engine publishes. Another program may listen on any other port.
    fn url(&self, running: &Running) -> Result<Option<String>> {
        running.address.map(|address| self.context.engine().url(address)).transpose()
    }

    async fn alive(&self, service: &Service, running: &Running, restarts: i64) -> Result<()> {
        let container = self.context.stack.container(service.name);
        let mut death = match running.state {
            ContainerState::Running if running.restarts == restarts => return Ok(()),
            ContainerState::Running | ContainerState::Restarting => {
                Death::CrashLoop(self.context.engine().last_end(running).await)
            }
            ContainerState::Created => Death::NeverStarted,
            ContainerState::Paused => Death::Paused,
            ContainerState::Exited | ContainerState::Other => {
                Death::Ended(self.context.engine().last_end(running).await)
            }
        };
        let log = self.context.engine().last_lines(&container).await;
        if let Death::Ended(end) | Death::CrashLoop(end) = &mut death {
            end.is_for_other_processor |= log.iter().any(|line| Meaning::OtherProcessor.is_in(line));
        }
        Err(Error::Died { service: service.name.to_string(), death, log })
    }
}
