//! Makes alerts fire and resolve, and follows each alert from the scraped value to the receiver.
//!
//! Uploads modified configuration files and finally restores the real ones. If the program is killed before
//! that, the next `up` detects and replaces the modified files.

mod cases;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::config::tuning::{self, DrillPorts, Files};
use crate::context::StackContext;
use crate::demo::{Demo, Options, Ports, Scenario, Simulation};
use crate::drill::trace::{AlertTrace, Stage};
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::http::AlertmanagerClient;
use crate::model::stack::{Service, ServiceConfig};

pub use cases::{DrillCase, EXERCISES, InjectedFault, alerts, exercises};
use progress::Look;

/// The pause between two polls.
const PAUSE: Duration = Duration::from_millis(250);
/// The factor by which a fast drill shortens windows and waits: 15 seconds become one.
const FACTOR: u32 = 15;
/// The timeout of a reload, which takes milliseconds, or seconds on a busy machine.
const RELOAD: Duration = Duration::from_secs(30);

/// The speed of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// With the configured windows and waits.
    Real,
    /// With shorter windows and waits.
    Fast,
}

/// The program that receives the notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The demo application of this program.
    Ours,
    /// The user's program; only Alertmanager knows what it received.
    Theirs {
        /// The port that it listens on.
        port: u16,
    },
}

/// A drill in progress.
#[derive(Debug)]
pub struct DrillRun<'a> {
    context: StackContext<'a>,
    pace: Pace,
    demo: Demo,
    receiver: Receiver,
    /// The services with configuration files, and their real files.
    real: Vec<(&'a Service, &'a ServiceConfig, Files)>,
    /// Held during an upload, so that uploads run one after the other.
    uploads: Arc<Mutex<()>>,
}

/// Returns the port on this machine that Alertmanager sends notifications to, or 0 (any free port) if there
/// is none.
fn receiver_port(real: &[(&Service, &ServiceConfig, Files)]) -> u16 {
    let files = real.iter().flat_map(|(_, _, files)| files);
    let mut places = files
        .filter(|(name, _)| name == "alertmanager.yml")
        .flat_map(|(_, text)| crate::doctor::receivers(text));
    places.find_map(|place| place.strip_prefix("http://tdd-webhook:")?.parse().ok()).unwrap_or_default()
}

impl Pace {
    /// Returns the timeout of each phase of a case.
    fn patience(self) -> Duration {
        match self {
            // A rule's window and its `for` are 5 minutes each, followed by a group interval.
            Self::Real => Duration::from_mins(14),
            Self::Fast => Duration::from_secs(100),
        }
    }
}

impl<'a> DrillRun<'a> {
    /// Starts a demo application on the addresses `listen`, and changes nothing in the stack.
    pub async fn prepare(
        context: StackContext<'a>,
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
            // The user's receiver already uses the port.
            Err(Error::Conflicts(_)) => (
                Demo::start(options(Ports { receiver: 0, ..ports })).await?,
                Receiver::Theirs { port: ports.receiver },
            ),
            Err(error) => return Err(error),
        };
        Ok(Self { context, pace, demo, receiver, real, uploads: Arc::default() })
    }

    /// Returns the program that receives the notifications.
    pub fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// Configures the stack to monitor the demo application.
    pub async fn begin(&self) -> Result<()> {
        for (service, config, files) in &self.real {
            self.deliver(service, config, &self.rehearsed(files)?).await?;
        }
        Ok(())
    }

    /// Injects a fault, removes it, and returns the stages that each alert reached.
    pub async fn exercise(
        &self,
        fault: InjectedFault,
        alerts: &[&'static str],
        mut on_progress: impl FnMut(&str),
    ) -> Result<Vec<AlertTrace>> {
        let mut courses: Vec<AlertTrace> = alerts.iter().map(|alert| AlertTrace::new(alert)).collect();
        on_progress("waiting for the demo application to be healthy");
        self.settle(alerts).await?;
        let look = Look::begin(self.context, &self.demo, self.receiver).await?;
        on_progress("injecting the fault");
        let began = Instant::now();
        self.apply(fault).await?;
        // A failing receiver receives the alert only after the fault is removed.
        let receiver_fails = fault == InjectedFault::Scenario(Scenario::ReceiverDown);
        let goal = if receiver_fails { Stage::Alertmanager } else { Stage::Received };
        self.follow(&look, &mut courses, goal, began).await?;
        on_progress("removing the fault");
        let fixed = Instant::now();
        self.mend(fault).await?;
        if receiver_fails {
            self.follow(&look, &mut courses, Stage::Received, began).await?;
        }
        self.follow_ends(&look, &mut courses, fixed).await?;
        Ok(courses)
    }

    /// Restores the real files of every service, stops the demo application, and returns the errors.
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

    /// Uploads files to a service's container, after the previous upload has ended.
    ///
    /// The engine continues an upload after the client disconnects. If an interrupt dropped the upload, the
    /// drill's files could arrive after the real ones, so a separate task completes it.
    async fn put(&self, service: &Service, config: &ServiceConfig, files: Files) -> Result<()> {
        let (operator, turn) = (self.context.operator.clone(), self.uploads.clone());
        let (container, folder) = (self.context.stack.container(service.name), config.folder);
        let upload = tokio::spawn(async move {
            let _turn = turn.lock().await;
            operator.upload(&container, folder, &files).await
        });
        upload.await.unwrap_or_else(|error| Err(Error::engine("upload files to a container")(error)))
    }

    async fn deliver(&self, service: &Service, config: &ServiceConfig, files: &Files) -> Result<()> {
        let container = self.context.stack.container(service.name);
        self.put(service, config, files.clone()).await?;
        let signal = self.context.operator.signal(&container, "HUP");
        self.waiter().reloaded(service.name, config.metrics_prefix, signal).await
    }

    fn waiter(&self) -> Waiter<'a> {
        Waiter::new(self.context, RELOAD)
    }

    async fn apply(&self, fault: InjectedFault) -> Result<()> {
        match fault {
            InjectedFault::None => Ok(()),
            InjectedFault::Scenario(scenario) => {
                self.demo.set_scenario(scenario).await?;
                if scenario == Scenario::ReceiverDown {
                    // Without an alert to deliver, no delivery fails.
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

    /// Waits until the demo application is scraped and none of the alerts is active.
    async fn settle(&self, alerts: &[&str]) -> Result<()> {
        let look = Look::begin(self.context, &self.demo, self.receiver).await?;
        let deadline = Instant::now() + self.pace.patience();
        while !look.is_settled(alerts).await? {
            if Instant::now() >= deadline {
                return Err(Error::Drill(vec![format!(
                    "the demo application did not become healthy, so {} cannot be distinguished from earlier alerts",
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

    async fn follow_ends(&self, look: &Look<'_>, courses: &mut [AlertTrace], fixed: Instant) -> Result<()> {
        let deadline = Instant::now() + self.pace.patience();
        loop {
            look.end(courses, fixed.elapsed()).await?;
            // An alert that was never received is never reported as resolved.
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
