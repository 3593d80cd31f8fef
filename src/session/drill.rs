//! Runs a drill, and restores the original files afterwards.

use std::net::IpAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::{Exit, Session};
use crate::demo::listen_addresses;
use crate::drill::runner::{DrillRun, InjectedFault, Pace, Receiver};
use crate::drill::trace::AlertTrace;
use crate::engine::Engine;
use crate::error::{Error, Result, and_clean_up};
use crate::observe::reaches_running;
use crate::plan::{self, Request};

/// The alert that can be triggered only with a receiver that can be made to fail.
const DELIVERY: &str = "AlertDeliveryFailing";

/// The faults of a drill, each with the alerts that it triggers.
type Exercises = Vec<(InjectedFault, Vec<&'static str>)>;

impl Session {
    /// Triggers alerts and prints how far each one came.
    pub(crate) async fn drill(
        &self,
        pace: Pace,
        exercises: Exercises,
        interrupted: impl Future<Output = ()>,
    ) -> Result<Exit> {
        let engine = self.engine().await?;
        let objects = engine.inventory(&self.stack.name).await?.objects;
        reaches_running(&engine, &objects)?;
        let listen_addresses = listen_addresses(&engine, self.settings.app_host).await?;
        if let Some(note) = &listen_addresses.note {
            self.printer.talk(Duration::ZERO, note);
        }
        let drill = self.locked_drill(&engine, pace, listen_addresses.listen, exercises, interrupted);
        self.with_lock(&engine, &objects, "drill", drill).await
    }

    async fn locked_drill(
        &self,
        engine: &Engine,
        pace: Pace,
        listen: Vec<IpAddr>,
        exercises: Exercises,
        interrupted: impl Future<Output = ()>,
    ) -> Result<Exit> {
        let observed = self.observe(engine).await?;
        if !plan::up(&self.stack, &observed, Request::default())?.is_empty() {
            let reason = "the stack is not up to date, so a drill would not test its configuration";
            return Err(Error::Problems(vec![reason.into()]));
        }
        let operator = engine.operator();
        let context = self.context(&operator);
        let delivered = self.stack.services.iter().filter_map(|service| {
            let config = service.config.as_ref()?;
            let inside = observed.delivered.get(service.name)?;
            let files = config
                .files
                .iter()
                .filter_map(|name| Some(((*name).to_string(), inside.get(*name)?.clone())));
            Some((service, config, files.collect()))
        });
        let run = DrillRun::prepare(context, pace, listen, delivered.collect()).await?;
        let began = Instant::now();
        let mut interrupted = pin!(interrupted);
        let outcome = tokio::select! {
            outcome = self.perform(&run, pace, exercises) => outcome,
            () = &mut interrupted => Err(Error::DrillInterrupted),
        };
        let failures = run.end().await;
        let traces = match outcome {
            Ok(traces) => traces,
            Err(error) => return and_clean_up(Err(error), failures),
        };
        self.printer.drill(&self.stack.name, &traces, began.elapsed());
        let faults: Vec<String> = traces.iter().filter_map(AlertTrace::fault).collect();
        let outcome = if faults.is_empty() { Ok(Exit::Reached) } else { Err(Error::Drill(faults)) };
        Ok(and_clean_up(outcome, failures).unwrap_or_else(Exit::Reported))
    }

    async fn perform(&self, run: &DrillRun<'_>, pace: Pace, exercises: Exercises) -> Result<Vec<AlertTrace>> {
        let began = Instant::now();
        let say = |text: &str| self.printer.talk(began.elapsed(), text);
        say(
            "Prometheus scrapes a demo application until the drill is over, and each alert has the label drill=\"true\"",
        );
        if pace == Pace::Fast {
            say("windows and waits are 15 times shorter until the drill is over");
        }
        let has_own_receiver = match run.receiver() {
            Receiver::Ours => false,
            Receiver::Theirs { port } => {
                say(&format!(
                    "your receiver listens on port {port}: it gets the alerts, and Alertmanager counts the deliveries"
                ));
                true
            }
        };
        run.begin().await?;
        let mut traces = Vec::new();
        for (fault, mut alerts) in exercises {
            if has_own_receiver && alerts.contains(&DELIVERY) {
                say("skipping AlertDeliveryFailing: your own receiver cannot be made to fail");
                alerts.retain(|alert| *alert != DELIVERY);
            }
            if alerts.is_empty() {
                continue;
            }
            let names = alerts.join(", ");
            let done = run.exercise(fault, &alerts, |text| say(&format!("{names}: {text}"))).await?;
            for trace in &done {
                let result = trace.fault().unwrap_or_else(|| format!("{} delivered", trace.alert));
                say(&result);
            }
            traces.extend(done);
        }
        Ok(traces)
    }
}
