//! How far each alert of a drill came.
//!
//! Never makes an alert fire itself: `rehearse` does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::verification::WATCHDOG;

/// A place on the way of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Prometheus has scraped values for which the rule's expression is true.
    Scraped,
    /// The rule is pending, or firing already.
    Pending,
    /// The rule fires.
    Firing,
    /// Alertmanager has it.
    Alertmanager,
    /// The receiver has it.
    Received,
    /// The receiver has heard of its end.
    Resolved,
}

/// How far one alert came, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertTrace {
    /// The alert.
    pub alert: &'static str,
    /// The time of each hop since the fault began, or since it ended for the last.
    pub stages: BTreeMap<Stage, Duration>,
    /// Whether its end is told at all.
    pub resolves: bool,
}

impl Stage {
    /// All hops, in their order.
    pub const ALL: [Self; 6] =
        [Self::Scraped, Self::Pending, Self::Firing, Self::Alertmanager, Self::Received, Self::Resolved];

    /// Returns its name, which is stable in JSON.
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

    /// Returns what is wrong where an alert came to the hop before and not to this one.
    fn meaning(self) -> &'static str {
        match self {
            Self::Scraped => "Prometheus has not scraped values that make its expression true",
            Self::Pending => "its rule was not evaluated, or does not follow from the scraped values",
            Self::Firing => "its rule stayed pending",
            Self::Alertmanager => "Prometheus did not hand it to Alertmanager",
            Self::Received => {
                "Alertmanager did not deliver it to the receiver: look at the webhook's address"
            }
            Self::Resolved => "the receiver did not hear of its end",
        }
    }
}

impl AlertTrace {
    /// Returns the course of an alert that has gone nowhere yet.
    pub fn new(alert: &'static str) -> Self {
        // Its receiver is told of no end, since there is none.
        Self { alert, stages: BTreeMap::new(), resolves: alert != WATCHDOG }
    }

    /// Tells that it came to a hop, and so through all before it.
    pub fn reach(&mut self, stage: Stage, when: Duration) {
        for passed in Stage::ALL.into_iter().filter(|passed| *passed <= stage) {
            self.stages.entry(passed).or_insert(when);
        }
    }

    /// Returns whether it came to a hop.
    pub fn has(&self, stage: Stage) -> bool {
        self.stages.contains_key(&stage)
    }

    /// Returns the hop that it did not come to, and what that means.
    pub fn fault(&self) -> Option<String> {
        let stages = Stage::ALL.into_iter().filter(|stage| self.resolves || *stage != Stage::Resolved);
        let broken = stages.into_iter().find(|stage| !self.has(*stage))?;
        Some(format!("{} stopped before `{}`: {}", self.alert, broken.name(), broken.meaning()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_hop_implies_those_before_it() {
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
    fn the_alert_that_always_fires_needs_no_end() {
        let mut course = AlertTrace::new(WATCHDOG);
        course.reach(Stage::Received, Duration::ZERO);
        assert_eq!(course.fault(), None);
    }
}
