//! The demo application: a simulated TDD application with an alert receiver, for demonstrations and drills.
//!
//! It implements the metric contract of `docs/metrics.md` on the configured ports, and its scenario can
//! change while it runs. [`Demo`] is the interface; the simulation in `model` is pure.
//!
//! Listens only on loopback and on the address where the containers look for the application.

mod activity;
mod addresses;
mod application;
pub mod banner;
pub mod control;
mod exposition;
mod history;
pub mod import;
mod journal;
mod metrics;
mod model;
mod pages;
mod receiver;
mod recording;
mod scenario;
mod server;
mod simulation;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio::sync::Mutex;

pub use addresses::{ListenAddresses, listen_addresses};
pub use journal::{Journal, JournalDocument, Notification, NotificationDocument, NotifiedAlert, Payload};
pub use scenario::{Parameters, Scenario};
pub use simulation::Simulation;

use crate::error::Result;
use server::{Bound, Server};
use simulation::Live;

const HEALTH: &str = "application's health";
const METRICS: &str = "application's metrics";

/// The address of the control port.
pub const CONTROL_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The ports of a demo; 0 means any free port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// The port that job `streamlit-app` scrapes.
    pub health: u16,
    /// The port that job `app-metrics` scrapes.
    pub metrics: u16,
    /// The port that Alertmanager sends notifications to.
    pub receiver: u16,
    /// The port that controls the demo.
    pub control: u16,
}

impl Default for Ports {
    /// Returns the ports of the shipped configuration.
    fn default() -> Self {
        Self { health: 8501, metrics: 8502, receiver: 5001, control: 8503 }
    }
}

/// The options of a demo.
#[derive(Debug)]
pub struct Options {
    /// The simulation, which may have run already.
    pub simulation: Simulation,
    /// The addresses to listen on.
    pub listen: Vec<IpAddr>,
    /// The ports to listen on.
    pub ports: Ports,
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    shared: Arc<Shared>,
    others: Vec<Server>,
}

/// The state of a demo, as printed for scripts.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.demo/1")]
pub struct DemoState {
    /// The current scenario.
    pub scenario: Scenario,
    /// The alerts that fire if the scenario lasts.
    pub alerts: &'static [&'static str],
    /// The time since the start, in seconds.
    pub seconds: f64,
    /// The addresses that it listens on.
    pub listen: Vec<IpAddr>,
    /// The ports that it listens on.
    pub ports: Ports,
    /// The number of received notifications.
    pub notifications: u64,
}

/// The state that the servers of a demo share.
#[derive(Debug)]
struct Shared {
    live: Arc<Live>,
    journal: Arc<Journal>,
    began: Instant,
    listen: Vec<IpAddr>,
    ports: Ports,
    /// The two servers of the application; empty during an outage.
    application: Mutex<Vec<Server>>,
}

impl Demo {
    /// Starts the servers. Returns an error, and leaves none of them running, if a port cannot be opened.
    pub async fn start(options: Options) -> Result<Self> {
        let Options { simulation, listen, ports } = options;
        let scenario = simulation.scenario();
        let (live, journal) = (Arc::new(Live::new(simulation)), Arc::new(Journal::default()));
        // All four ports are opened before the first is served, so a demo never starts partially.
        let health = Bound::new(HEALTH, &listen, ports.health).await?;
        let metrics = Bound::new(METRICS, &listen, ports.metrics).await?;
        let receiver = Bound::new("alert receiver", &listen, ports.receiver).await?;
        let control = Bound::new("control", &[CONTROL_ADDRESS], ports.control).await?;
        let ports = Ports {
            health: health.port(),
            metrics: metrics.port(),
            receiver: receiver.port(),
            control: control.port(),
        };
        let shared = Arc::new(Shared {
            application: Mutex::new(serve_application(&live, health, metrics)),
            live,
            journal,
            began: Instant::now(),
            listen,
            ports,
        });
        let receiver = receiver.serve(&receiver::router(&shared.live, &shared.journal));
        let control = control.serve(&control::router(shared.clone()));
        let demo = Self { shared, others: vec![receiver, control] };
        demo.set_scenario(scenario).await?;
        Ok(demo)
    }

    /// Returns the current state.
    pub fn state(&self) -> DemoState {
        self.shared.state()
    }

    /// Changes the scenario. Returns an error if the application's ports cannot be opened again after an
    /// outage.
    pub async fn set_scenario(&self, scenario: Scenario) -> Result<()> {
        self.shared.set_scenario(scenario).await
    }

    /// Returns the received notifications.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Stops all servers.
    pub async fn stop(self) {
        close_all(self.others).await;
        close_all(std::mem::take(&mut *self.shared.application.lock().await)).await;
    }
}

impl Shared {
    fn state(&self) -> DemoState {
        let scenario = self.live.look(|simulation| simulation.scenario());
        DemoState {
            scenario,
            alerts: scenario.alerts(),
            seconds: self.began.elapsed().as_secs_f64(),
            listen: self.listen.clone(),
            ports: self.ports,
            notifications: self.journal.latest(),
        }
    }

    async fn set_scenario(&self, scenario: Scenario) -> Result<()> {
        let mut application = self.application.lock().await;
        if scenario.is_reachable() && application.is_empty() {
            let health = Bound::new(HEALTH, &self.listen, self.ports.health).await?;
            let metrics = Bound::new(METRICS, &self.listen, self.ports.metrics).await?;
            *application = serve_application(&self.live, health, metrics);
        }
        if !scenario.is_reachable() {
            close_all(std::mem::take(&mut *application)).await;
        }
        self.live.look(|simulation| simulation.set_scenario(scenario));
        Ok(())
    }
}

fn serve_application(live: &Arc<Live>, health: Bound, metrics: Bound) -> Vec<Server> {
    vec![health.serve(&pages::health(live)), metrics.serve(&pages::metrics(live))]
}

async fn close_all(servers: Vec<Server>) {
    futures_util::future::join_all(servers.into_iter().map(Server::close)).await;
}
