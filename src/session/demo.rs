//! Runs the demo application until an interrupt, and controls a running one.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::{Duration, Instant};

use super::{Exit, Session};
use crate::demo::banner::{Banner, already_there, history_lines};
use crate::demo::import::{ImportReport, Preparation, Prepared};
use crate::demo::{
    CONTROL_ADDRESS, Demo, DemoState, ListenAddresses, Notification, NotificationDocument, NotifiedAlert,
    Options, Ports, Scenario, Simulation, control, listen_addresses,
};
use crate::engine::EngineWriter;
use crate::error::{Error, Result};
use crate::http::DemoControl;
use crate::output::{DemoScreen, Printer, Received, ReceivedAlert};

/// The requested demo.
#[derive(Debug)]
pub(crate) struct Request {
    /// The first scenario.
    pub(crate) scenario: Scenario,
    /// The seed of the random source.
    pub(crate) seed: u64,
    /// The length of the past that is imported, if one is.
    pub(crate) history: Option<Duration>,
    /// The addresses to listen on; empty for the default ones.
    pub(crate) listen: Vec<IpAddr>,
    /// The ports to listen on.
    pub(crate) ports: Ports,
}

impl Session {
    /// Runs a demo until an interrupt.
    pub(crate) async fn demo(
        &self,
        request: &Request,
        interrupted: impl Future<Output = ()>,
    ) -> Result<Exit> {
        let began = Instant::now();
        let mut interrupted = pin!(interrupted);
        let mut simulation = Simulation::new(request.seed, Scenario::default());
        let operator = OnceCell::new();
        let (listen_addresses, past) = tokio::select! {
            prepared = self.prepare_demo(request, &operator, &mut simulation) => prepared?,
            () = &mut interrupted => return Err(Error::Interrupted),
        };
        simulation.set_scenario(request.scenario);
        let options = Options { simulation, listen: listen_addresses.listen, ports: request.ports };
        let demo = Demo::start(options).await?;
        let mut notes: Vec<String> = listen_addresses.note.into_iter().collect();
        let mut report = None;
        let mut is_over = false;
        match past {
            Some(Preparation::Made(prepared)) => {
                let engine = operator.get().expect("the history was prepared with it").engine();
                let objects = engine.inventory(&self.stack.name).await?.objects;
                let mut import = pin!(self.with_lock(engine, &objects, "demo --history", prepared.import()));
                // An interrupted import would leave its container, and it only takes seconds.
                report = Some(loop {
                    tokio::select! {
                        outcome = &mut import => break outcome?,
                        () = &mut interrupted, if !is_over => is_over = true,
                    }
                });
            }
            Some(Preparation::AlreadyThere(first)) => notes.push(already_there(first)),
            None => {}
        }
        self.announce(&demo, report, &notes);
        if !is_over {
            tokio::select! {
                () = print_notifications(&demo, self.printer) => {}
                () = interrupted => {}
            }
        }
        let text = format!("demo stopped, notifications received: {}", demo.journal().latest());
        demo.stop().await;
        self.printer.talk(began.elapsed(), &text);
        Ok(Exit::Interrupted)
    }

    /// Finds the addresses to listen on, and simulates the past. Changes nothing.
    async fn prepare_demo<'a>(
        &'a self,
        request: &Request,
        operator: &'a OnceCell<EngineWriter>,
        simulation: &mut Simulation,
    ) -> Result<(ListenAddresses, Option<Preparation<'a>>)> {
        if request.history.is_none() && !request.listen.is_empty() {
            // The only demo that needs no engine.
            return Ok((ListenAddresses { listen: request.listen.clone(), note: None }, None));
        }
        let engine = self.engine().await?;
        let listen_addresses = match request.listen.as_slice() {
            [] => listen_addresses(&engine, self.settings.app_host).await?,
            listen => ListenAddresses { listen: listen.to_vec(), note: None },
        };
        let Some(length) = request.history else { return Ok((listen_addresses, None)) };
        let context = self.context(operator.get_or_init(|| engine.operator()));
        Ok((listen_addresses, Some(Prepared::prepare(context, simulation, length).await?)))
    }

    fn announce(&self, demo: &Demo, history: Option<ImportReport>, notes: &[String]) {
        let banner = Banner { state: demo.state(), history, notes };
        self.printer.demo(&screen(&banner), || banner);
    }

    /// Changes the scenario of a running demo.
    pub(crate) async fn set_scenario(&self, scenario: Scenario, control_port: u16) -> Result<Exit> {
        let url = format!("http://{CONTROL_ADDRESS}:{control_port}");
        let demo = DemoControl::new(&self.http, url, control::HEADER);
        let state = demo.set(&scenario.to_string()).await?;
        self.printer.scenario(&scenario.to_string(), &scenario.consequences(), || state);
        Ok(Exit::Reached)
    }
}

fn screen(banner: &Banner<'_>) -> DemoScreen {
    let DemoState { scenario, listen, ports, .. } = &banner.state;
    let Ports { health, metrics, receiver, control } = ports;
    let address = listen.first().copied().unwrap_or(CONTROL_ADDRESS);
    let served = |port: &u16, path: &str| format!("http://{}{path}", SocketAddr::new(address, *port));
    DemoScreen {
        scenario: scenario.to_string(),
        consequences: scenario.consequences(),
        addresses: vec![
            ("Health", served(health, "/health/metrics")),
            ("Metrics", served(metrics, "/metrics")),
            ("Receiver", served(receiver, "/webhook")),
            ("Control", format!("http://{CONTROL_ADDRESS}:{control}")),
        ],
        others: listen.iter().skip(1).map(ToString::to_string).collect(),
        history: banner.history.as_ref().into_iter().flat_map(history_lines).collect(),
        set_command: if *control == Ports::default().control {
            "tdd-stack demo set SCENARIO".into()
        } else {
            format!("tdd-stack demo set SCENARIO --control-port {control}")
        },
        notes: banner.notes.to_vec(),
    }
}

/// Prints each notification as it arrives, as long as the demo runs.
async fn print_notifications(demo: &Demo, printer: Printer) {
    let mut newest = demo.journal().newest();
    let mut latest = 0;
    loop {
        for notification in demo.journal().since(latest) {
            latest = notification.number;
            let document = || NotificationDocument { notification: &notification };
            printer.notification(&received(&notification), document);
        }
        if newest.changed().await.is_err() {
            return;
        }
    }
}

fn received(notification: &Notification) -> Received {
    let alert = |alert: &NotifiedAlert| ReceivedAlert {
        name: alert.label("alertname").to_string(),
        severity: alert.label("severity").to_string(),
        is_resolved: alert.status == "resolved",
        place: [alert.label("job"), alert.label("instance")].join(" ").trim().to_string(),
    };
    Received {
        received: notification.received.clone(),
        is_heartbeat: notification.path == "/watchdog",
        alerts: notification.payload.alerts.iter().map(alert).collect(),
    }
}
