//! Applies a plan, and rolls it back if it fails.

use std::time::Duration;

use super::diagnostics::Record;
use super::{Done, Session, WaitOptions};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::execute::{Applied, Applier};
use crate::model::event;
use crate::output::Timings;
use crate::plan::Plan;

/// The time limit of each wait for a service during a rollback.
const LONGEST_WAY_BACK: Duration = Duration::from_secs(30);

impl Session {
    /// Applies a plan and shows its progress. If it fails, the previous containers are brought back.
    pub(crate) async fn apply(&self, engine: &Engine, plan: &Plan, patience: WaitOptions) -> Result<Done> {
        let (applied, timings, record) = self.walk(engine, plan, patience).await;
        let Some(failure) = applied.failure else { return Ok(Done { timings, proof: applied.proof }) };
        let failure = engine.explain(failure).await;
        // A rollback removes the failed container and its log.
        self.collect_before_rollback(engine, plan, record).await;
        // Without an engine nothing can be rolled back; the next `up` finds everything.
        if matches!(failure, Error::EngineLost { .. }) {
            return Err(failure);
        }
        if engine.lock_loss().is_some() {
            return Err(self.unlocked(engine, failure, plan.summary(&applied.done)));
        }
        let (back, services) = plan.rollback(&applied.begun);
        if back.is_empty() {
            return Err(failure);
        }
        let taken = timings.0.iter().map(|timing| timing.began + timing.took).max().unwrap_or_default();
        self.printer.talk(taken, &format!("rolling back: {}", services.join(", ")));
        let failure = Box::new(failure);
        // A service that was ready a moment ago needs no long wait.
        let patience = WaitOptions { each: patience.each.min(LONGEST_WAY_BACK), ..patience };
        match self.walk(engine, &back, patience).await.0.failure {
            None => Err(Error::RolledBack { failure, services }),
            Some(second) => Err(Error::NotRolledBack { failure, services, second: Box::new(second) }),
        }
    }

    async fn walk(&self, engine: &Engine, plan: &Plan, patience: WaitOptions) -> (Applied, Timings, Record) {
        let operator = engine.operator();
        let (events, inbox) = event::channel();
        let applier = Applier {
            context: self.context(&operator),
            patience: patience.each,
            application: patience.application,
            events,
        };
        let mut timings = Timings::default();
        let shown = async |inbox| timings = self.printer.display(plan, inbox).await;
        let tee = Record::tee(inbox, shown);
        // The channel closes when the applier ends, and the display ends with the channel.
        let work = async move { applier.apply(plan).await };
        let (walked, record) = tokio::join!(work, tee);
        (walked, timings, record)
    }
}
