//! The stages that each alert of a drill reached.
//!
//! Plain data: `runner` makes the alerts fire.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::alert::WATCHDOG;

/// A stage on the way of an alert to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Prometheus has scraped values that make the rule's expression true.
    Scraped,
    /// The rule is pending or already firing.
    Pending,
    /// The rule is firing.
    Firing,
    /// Alertmanager has the alert.
    Alertmanager,
    /// The receiver has the alert.
    Received,
    /// The receiver knows that the alert is resolved.
    Resolved,
}

/// The stages that one alert reached, with their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTrace {
    /// The alert's name.
    pub alert: &'static str,
    /// The time of each stage since the start of the fault; for the last stage, since its end.
    pub stages: BTreeMap<Stage, Duration>,
    /// Whether the receiver is notified when the alert resolves.
    pub resolves: bool,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 6] =
        [Self::Scraped, Self::Pending, Self::Firing, Self::Alertmanager, Self::Received, Self::Resolved];

    /// Returns the stage's name, which is stable in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scraped => "scraped",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Alertmanager => "alertmanager",
            Self::Received => "received",
            Self::Resolved => "resolved",
        }
    }

    /// Returns where to look for an alert that reached the previous stage but not this one.
    fn fix(self) -> &'static str {
        match self {
            Self::Scraped => "`tdd-stack doctor` checks what Prometheus scrapes",
            Self::Pending => "check the rule's expression in `alerts.yml`: `tdd-stack check`",
            Self::Firing => "check the rule's `for` in `alerts.yml`",
            Self::Alertmanager => "`tdd-stack doctor` checks the way to Alertmanager",
            Self::Received => "`tdd-stack logs alertmanager` shows why the notification failed",
            Self::Resolved => "set `send_resolved: true` for the receiver in `alertmanager.yml`",
        }
    }

    /// Returns the problem of an alert that reached the previous stage but not this one.
    fn meaning(self) -> &'static str {
        match self {
            Self::Scraped => "Prometheus has not scraped values that make its expression true",
            Self::Pending => "its rule was not evaluated, or does not match the scraped values",
            Self::Firing => "its rule stayed pending",
            Self::Alertmanager => "Prometheus did not send it to Alertmanager",
            Self::Received => "Alertmanager did not deliver it to the receiver, check the webhook's address",
            Self::Resolved => "the receiver was not notified that it resolved",
        }
    }
}

impl AlertTrace {
    /// Returns the trace of an alert that has reached no stage.
    pub fn new(alert: &'static str) -> Self {
        // Watchdog always fires, so it never resolves.
        Self { alert, stages: BTreeMap::new(), resolves: alert != WATCHDOG }
    }

    /// Records that the alert reached a stage, and therefore all stages before it.
    pub fn reach(&mut self, stage: Stage, when: Duration) {
        for passed in Stage::ALL.into_iter().filter(|passed| *passed <= stage) {
            self.stages.entry(passed).or_insert(when);
        }
    }

    /// Returns whether the alert reached a stage.
    pub fn has(&self, stage: Stage) -> bool {
        self.stages.contains_key(&stage)
    }

    /// Returns the first stage that the alert did not reach; `None` if it reached all.
    pub fn missed(&self) -> Option<Stage> {
        let stages = Stage::ALL.into_iter().filter(|stage| self.resolves || *stage != Stage::Resolved);
        stages.into_iter().find(|stage| !self.has(*stage))
    }

    /// Returns where to look for the reason why the alert stopped.
    pub fn fix(&self) -> Option<&'static str> {
        self.missed().map(Stage::fix)
    }

    /// Returns the first stage that the alert did not reach, with the meaning; `None` if it reached all.
    pub fn fault(&self) -> Option<String> {
        let broken = self.missed()?;
        Some(format!("{} stopped before `{}`: {}", self.alert, broken.name(), broken.meaning()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_stage_implies_earlier_stages() {
        let mut course = AlertTrace::new("SlowQueries");
        course.reach(Stage::Firing, Duration::from_secs(3));
        assert_eq!(course.stages.len(), 3);
        assert!(course.fault().unwrap().contains("before `alertmanager`"));
        course.reach(Stage::Received, Duration::from_secs(5));
        assert_eq!(course.stages[&Stage::Firing], Duration::from_secs(3));
        assert!(course.fault().unwrap().contains("before `resolved`"));
        course.reach(Stage::Resolved, Duration::from_secs(9));
        assert_eq!(course.fault(), None);
    }

    #[test]
    fn watchdog_needs_no_resolved_stage() {
        let mut course = AlertTrace::new(WATCHDOG);
        course.reach(Stage::Received, Duration::ZERO);
        assert_eq!(course.fault(), None);
    }
}
