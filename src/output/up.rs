//! The result of `up`.

use std::time::Duration;

use super::printer::Printer;
use super::screen::text_screen;
use super::{schema, table};
use crate::model::stack::Login;
use crate::plan::{Plan, Verb};
use crate::status::Status;

impl Printer {
    /// Prints what `up` did.
    pub fn summary(&self, summary: &Summary<'_>) {
        self.result(|_| text_screen(&table::summary(summary)), || schema::summary(summary));
    }
}

/// How long each step took.
#[derive(Clone, Debug, Default)]
pub struct Timings(pub Vec<Timing>);

/// How long one step took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The operation's verb.
    pub verb: Verb,
    /// The operation's service, where it has one.
    pub service: Option<String>,
    /// When it began, since the plan's beginning.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Timings {
    /// Adds the timings of a further plan.
    pub fn extend(&mut self, further: Self) {
        self.0.extend(further.0);
    }

    /// Returns how long a service's operations of some verbs took, `None` where there was none.
    pub fn of(&self, service: &str, verbs: &[Verb]) -> Option<Duration> {
        let of_service = self.0.iter().filter(|timing| timing.service.as_deref() == Some(service));
        let times: Vec<Duration> =
            of_service.filter(|timing| verbs.contains(&timing.verb)).map(|timing| timing.took).collect();
        (!times.is_empty()).then(|| times.iter().sum())
    }
}

/// What `up` has to say at its end.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The stack as it is now.
    pub status: &'a Status,
    /// What was done.
    pub plan: &'a Plan,
    /// How long each step took.
    pub timings: &'a Timings,
    /// How long all of it took.
    pub total: Duration,
    /// The login of Grafana.
    pub login: &'a Login,
    /// The uids of the imported dashboards.
    pub dashboards: Vec<&'a str>,
}
