//! A simulated TDD application with its alert receiver, for demonstrations and drills.
//!
//! It keeps the whole metric contract of `docs/metrics.md` on the ports that the configuration names, and can be made
//! ill while it runs. [`Demo`] is all that others need; what it simulates is pure and stands in `model`.
//!
//! Never listens on every address: loopback, and the one address where the containers look for the application.

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
pub use journal::{Journal, Notification, NotifiedAlert, Payload};
pub use scenario::{Parameters, Scenario};
pub use simulation::Simulation;

use crate::error::Result;
use server::{Bound, Server};
use simulation::Live;

const HEALTH: &str = "application's health";
const METRICS: &str = "application's metrics";

/// Where the control listens.
pub const CONTROL_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The ports of a demo; 0 is any free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// Where job `streamlit-app` is scraped.
    pub health: u16,
    /// Where job `app-metrics` is scraped.
    pub metrics: u16,
    /// Where Alertmanager sends its notifications.
    pub receiver: u16,
    /// Where the demo is controlled.
    pub control: u16,
}

impl Default for Ports {
    /// Returns the ports that the configuration names.
    fn default() -> Self {
        Self { health: 8501, metrics: 8502, receiver: 5001, control: 8503 }
    }
}

/// How a demo begins.
#[derive(Debug)]
pub struct Options {
    /// The application, with whatever past it has.
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

/// What a demo is and does at this moment, as scripts know it.
#[derive(Clone, Debug, Serialize)]
pub struct DemoState {
    /// The form of this object.
    pub schema: &'static str,
    /// What is wrong with the application.
    pub scenario: Scenario,
    /// The alerts that this makes fire if it lasts.
    pub alerts: &'static [&'static str],
    /// How long it has run, in seconds.
    pub seconds: f64,
    /// The addresses that it listens on.
    pub listen: Vec<IpAddr>,
    /// The ports that it listens on.
    pub ports: Ports,
    /// How many notifications have arrived.
    pub notifications: u64,
}

/// What the servers of a demo share.
#[derive(Debug)]
struct Shared {
    live: Arc<Live>,
    journal: Arc<Journal>,
    began: Instant,
    listen: Vec<IpAddr>,
    ports: Ports,
    /// The two servers of the application, none while it is out.
    application: Mutex<Vec<Server>>,
}

impl Demo {
    /// Begins to serve.
    pub async fn start(options: Options) -> Result<Self> {
        let Options { simulation, listen, ports } = options;
        let scenario = simulation.scenario();
        let (live, journal) = (Arc::new(Live::new(simulation)), Arc::new(Journal::default()));
        // All four are tried before the first is served: a demo is there in whole or not at all.
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

    /// Returns what it is and does at this moment.
    pub fn state(&self) -> DemoState {
        self.shared.state()
    }

    /// Makes the application ill in another way, or well. Fails where its ports cannot be opened again.
    pub async fn set_scenario(&self, scenario: Scenario) -> Result<()> {
        self.shared.set_scenario(scenario).await
    }

    /// Returns what the receiver took.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Stops listening.
    pub async fn stop(self) {
        close_all(self.others).await;
        close_all(std::mem::take(&mut *self.shared.application.lock().await)).await;
    }
}

impl Shared {
    fn state(&self) -> DemoState {
        let scenario = self.live.look(|simulation| simulation.scenario());
        DemoState {
            schema: "tdd-stack.demo/1",
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
