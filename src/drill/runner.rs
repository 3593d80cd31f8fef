//! Makes alerts really fire and end, and follows each of them from the scraped value to the receiver.
//!
//! Whatever it puts into the containers is replaced by the real files in the end; a rehearsal that is killed leaves
//! files that the next `up` sees and replaces.

mod cases;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::config::tuning::{self, DrillPorts, Files};
use crate::demo::{Demo, Options, Ports, Scenario, Simulation};
use crate::drill::trace::{AlertTrace, Stage};
use crate::engine::EngineWriter;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::http::{AlertmanagerClient, Http};
use crate::model::stack::{Service, ServiceConfig, Stack};

pub use cases::{DrillCase, EXERCISES, InjectedFault, alerts, exercises};
use progress::Look;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// By how much a fast drill shortens windows and waits: 15 seconds become one.
const FACTOR: u32 = 15;
/// Reloads take milliseconds, on a busy machine seconds.
const RELOAD: Duration = Duration::from_secs(30);

/// How quickly alerts are made to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As configured.
    Real,
    /// With shorter windows and waits.
    Fast,
}

/// Who takes the notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// This program.
    Ours,
    /// A program of the user's: only Alertmanager knows what it took.
    Theirs {
        /// The port that it listens on.
        port: u16,
    },
}

/// What a rehearsal needs.
#[derive(Clone, Copy, Debug)]
pub struct DrillContext<'a> {
    /// The engine.
    pub operator: &'a EngineWriter,
    /// The HTTP client.
    pub http: &'a Http,
    /// The stack, which runs.
    pub stack: &'a Stack,
}

/// A rehearsal that has begun.
#[derive(Debug)]
pub struct DrillRun<'a> {
    context: DrillContext<'a>,
    pace: Pace,
    demo: Demo,
    receiver: Receiver,
    /// The real files of each service that has any.
    real: Vec<(&'a Service, &'a ServiceConfig, Files)>,
    /// Held by the upload that is under way.
    uploads: Arc<Mutex<()>>,
}

/// Returns the port of this machine to which Alertmanager sends notifications, 0 for any where it sends none here.
fn receiver_port(real: &[(&Service, &ServiceConfig, Files)]) -> u16 {
    let files = real.iter().flat_map(|(_, _, files)| files);
    let mut places = files
        .filter(|(name, _)| name == "alertmanager.yml")
        .flat_map(|(_, text)| crate::doctor::receivers(text));
    places.find_map(|place| place.strip_prefix("http://tdd-webhook:")?.parse().ok()).unwrap_or_default()
}

impl Pace {
    /// Returns how long one part of an exercise may take.
    fn patience(self) -> Duration {
        match self {
            // A window and a `for` of 5 minutes each, and a group interval.
            Self::Real => Duration::from_mins(14),
            Self::Fast => Duration::from_secs(100),
        }
    }
}

impl<'a> DrillRun<'a> {
    /// Starts a simulated application at `listen`; nothing of the stack is changed yet.
    pub async fn prepare(
        context: DrillContext<'a>,
        pace: Pace,
        listen: Vec<std::net::IpAddr>,
        real: Vec<(&'a Service, &'a ServiceConfig, Files)>,
    ) -> Result<Self> {
        let ports = Ports { health: 0, metrics: 0, receiver: receiver_port(&real), control: 0 };
        let options = |ports| Options {
            simulation: Simulation::new(1, Scenario::Steady),
            listen: listen.clone(),
            ports,
        };
        let (demo, receiver) = match Demo::start(options(ports)).await {
            Ok(demo) => (demo, Receiver::Ours),
            // Somebody takes the notifications already.
            Err(Error::Conflicts(_)) => (
                Demo::start(options(Ports { receiver: 0, ..ports })).await?,
                Receiver::Theirs { port: ports.receiver },
            ),
            Err(error) => return Err(error),
        };
        Ok(Self { context, pace, demo, receiver, real, uploads: Arc::default() })
    }

    /// Returns who takes the notifications.
    pub fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// Has the stack look at the simulated application.
    pub async fn begin(&self) -> Result<()> {
        for (service, config, files) in &self.real {
            self.deliver(service, config, &self.rehearsed(files)?).await?;
        }
        Ok(())
    }

    /// Makes something wrong and right again, and returns how far each alert came.
    pub async fn exercise(
        &self,
        fault: InjectedFault,
        alerts: &[&'static str],
        mut told: impl FnMut(&str),
    ) -> Result<Vec<AlertTrace>> {
        let mut courses: Vec<AlertTrace> = alerts.iter().map(|alert| AlertTrace::new(alert)).collect();
        told("waits until all is well");
        self.settle(alerts).await?;
        let look = Look::begin(&self.context, &self.demo, self.receiver).await?;
        told("makes it wrong");
        let began = Instant::now();
        self.apply(fault).await?;
        // Where the receiver is what is wrong, it can hear of it only afterwards.
        let is_deaf = fault == InjectedFault::Scenario(Scenario::ReceiverDown);
        let goal = if is_deaf { Stage::Alertmanager } else { Stage::Received };
        self.follow(&look, &mut courses, goal, began).await?;
        told("makes it right again");
        let mended = Instant::now();
        self.mend(fault).await?;
        if is_deaf {
            self.follow(&look, &mut courses, Stage::Received, began).await?;
        }
        self.follow_ends(&look, &mut courses, mended).await?;
        Ok(courses)
    }

    /// Puts the real files of every service back, ends the simulated application, and returns what failed.
    pub async fn end(self) -> Vec<Error> {
        let real = self.real.iter();
        let delivered =
            join_all(real.map(|(service, config, files)| self.deliver(service, config, files))).await;
        self.demo.stop().await;
        delivered.into_iter().filter_map(Result::err).collect()
    }

    fn rehearsed(&self, files: &Files) -> Result<Files> {
        let ports = self.demo.state().ports;
        let stage = DrillPorts { health: ports.health, metrics: ports.metrics };
        let files = tuning::drill_files(files, stage).map_err(Error::overlay)?;
        match self.pace {
            Pace::Real => Ok(files),
            Pace::Fast => tuning::drill(&files, FACTOR).map_err(Error::overlay),
        }
    }

    /// Puts files into a service's container, after whatever was put there before.
    ///
    /// The engine goes on with an upload whose caller has gone away. Dropped by an interrupt, the drill's files could
    /// arrive after the real ones, so the upload is carried to its end by a task.
    async fn put(&self, service: &Service, config: &ServiceConfig, files: Files) -> Result<()> {
        let (operator, turn) = (self.context.operator.clone(), self.uploads.clone());
        let (container, folder) = (self.context.stack.container(service.name), config.folder);
        let upload = tokio::spawn(async move {
            let _turn = turn.lock().await;
            operator.upload(&container, folder, &files).await
        });
        upload.await.unwrap_or_else(|error| Err(Error::engine("put files into a container")(error)))
    }

    async fn deliver(&self, service: &Service, config: &ServiceConfig, files: &Files) -> Result<()> {
        let container = self.context.stack.container(service.name);
        self.put(service, config, files.clone()).await?;
        let signal = self.context.operator.signal(&container, "HUP");
        self.waiter().reloaded(service.name, config.metrics_prefix, signal).await
    }

    fn waiter(&self) -> Waiter<'a> {
        Waiter {
            engine: self.context.operator.engine(),
            http: self.context.http,
            stack: self.context.stack,
            deadline: Instant::now() + RELOAD,
            patience: RELOAD,
        }
    }

    async fn apply(&self, fault: InjectedFault) -> Result<()> {
        match fault {
            InjectedFault::None => Ok(()),
            InjectedFault::Scenario(scenario) => {
                self.demo.set_scenario(scenario).await?;
                if scenario == Scenario::ReceiverDown {
                    // Without something to deliver nothing would fail.
                    let base = self.waiter().base("alertmanager").await?;
                    AlertmanagerClient::new(self.context.http, base).post_drill().await?;
                }
                Ok(())
            }
            InjectedFault::BrokenRules => {
                let Some((service, config, _)) = self.real.iter().find(|(_, config, _)| config.quick_start)
                else {
                    return Ok(());
                };
                let container = self.context.stack.container(service.name);
                let broken = ("alerts.yml".to_string(), "groups: [\n".to_string());
                self.put(service, config, vec![broken]).await?;
                self.context.operator.signal(&container, "HUP").await
            }
        }
    }

    async fn mend(&self, fault: InjectedFault) -> Result<()> {
        if fault == InjectedFault::BrokenRules {
            for (service, config, files) in self.real.iter().filter(|(_, config, _)| config.quick_start) {
                self.deliver(service, config, &self.rehearsed(files)?).await?;
            }
        }
        self.demo.set_scenario(Scenario::Steady).await
    }

    /// Waits until none of the alerts is there before its time, and the application is scraped.
    async fn settle(&self, alerts: &[&str]) -> Result<()> {
        let look = Look::begin(&self.context, &self.demo, self.receiver).await?;
        let deadline = Instant::now() + self.pace.patience();
        while !look.is_settled(alerts).await? {
            if Instant::now() >= deadline {
                return Err(Error::Drill(vec![format!(
                    "the simulated application was not seen to be well, so {} cannot be told from what was there before",
                    alerts.join(", ")
                )]));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn follow(
        &self,
        look: &Look<'_>,
        courses: &mut [AlertTrace],
        goal: Stage,
        began: Instant,
    ) -> Result<()> {
        let deadline = Instant::now() + self.pace.patience();
        loop {
            look.advance(courses, began.elapsed()).await?;
            if courses.iter().all(|course| course.has(goal)) || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    async fn follow_ends(&self, look: &Look<'_>, courses: &mut [AlertTrace], mended: Instant) -> Result<()> {
        let deadline = Instant::now() + self.pace.patience();
        loop {
            look.end(courses, mended.elapsed()).await?;
            // What never arrived has no end to be told.
            let is_over = |course: &AlertTrace| {
                !course.resolves || !course.has(Stage::Received) || course.has(Stage::Resolved)
            };
            if courses.iter().all(is_over) || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }
}
