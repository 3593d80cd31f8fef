//! Runs the demo application until an interrupt, and controls a running one.

use std::io::Write;
use std::net::IpAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Exit, Session};
use crate::config::settings::ProgressFormat;
use crate::demo::banner::{Banner, already_there};
use crate::demo::import::{ImportReport, Importer, Preparation};
use crate::demo::{
    CONTROL_ADDRESS, Demo, ListenAddresses, Notification, Options, Ports, Scenario, Simulation, control,
    listen_addresses,
};
use crate::error::{Error, Result};
use crate::http::DemoControl;
use crate::model::sanitize;
use crate::output;

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
        let (listen_addresses, past) = tokio::select! {
            prepared = self.prepare_demo(request, &mut simulation) => prepared?,
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
                let engine = self.engine().await?;
                let objects = engine.inventory(&self.stack.name).await?.objects;
                let mut import = pin!(self.with_lock(&engine, &objects, "demo --history", prepared.import()));
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
                () = print_notifications(&demo, self.settings.progress) => {}
                () = interrupted => {}
            }
        }
        let text = format!("demo stopped, notifications received: {}", demo.journal().latest());
        demo.stop().await;
        output::talk(self.settings.progress, began.elapsed(), &text);
        Ok(Exit::Interrupted)
    }

    /// Finds the addresses to listen on, and simulates the past. Changes nothing.
    async fn prepare_demo(
        &self,
        request: &Request,
        simulation: &mut Simulation,
    ) -> Result<(ListenAddresses, Option<Preparation<'_>>)> {
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
        let importer = Importer { engine, http: &self.http, stack: &self.stack };
        Ok((listen_addresses, Some(importer.prepare(simulation, length).await?)))
    }

    fn announce(&self, demo: &Demo, history: Option<ImportReport>, notes: &[String]) {
        let banner = Banner { state: demo.state(), history, notes };
        print(&if self.json() { format!("{:#}\n", json!(banner)) } else { banner.to_string() });
    }

    /// Changes the scenario of a running demo.
    pub(crate) async fn set_scenario(&self, scenario: Scenario, control_port: u16) -> Result<Exit> {
        let url = format!("http://{CONTROL_ADDRESS}:{control_port}");
        let demo = DemoControl::new(&self.http, url, control::HEADER);
        let state = demo.set(&scenario.to_string()).await?;
        print(&if self.json() {
            format!("{state:#}\n")
        } else {
            format!("scenario {scenario}: {}\n", scenario.consequences())
        });
        Ok(Exit::Reached)
    }
}

/// Prints each notification as it arrives, as long as the demo runs.
async fn print_notifications(demo: &Demo, progress: ProgressFormat) {
    let mut newest = demo.journal().newest();
    let mut printed = 0;
    loop {
        for notification in demo.journal().since(printed) {
            printed = notification.number;
            print_notification(progress, &notification);
        }
        if newest.changed().await.is_err() {
            return;
        }
    }
}

fn print_notification(progress: ProgressFormat, notification: &Notification) {
    let line = match progress {
        ProgressFormat::Quiet => return,
        ProgressFormat::Json => {
            let mut object = json!(notification);
            object["schema"] = "tdd-stack.notification/1".into();
            object.to_string()
        }
        ProgressFormat::Auto | ProgressFormat::Bars | ProgressFormat::Plain => notification.line(),
    };
    // A closed standard error must not end the demo.
    drop(writeln!(std::io::stderr(), "{}", sanitize::text(&line)));
}

fn print(text: &str) {
    // A closed pipe is not a failure.
    drop(std::io::stdout().write_all(sanitize::text(text).as_bytes()));
}
