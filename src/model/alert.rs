//! Current alerts: the reports of Prometheus and Alertmanager, merged into one list.
//!
//! This module sends no requests and reads no clock.

mod reported;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

pub use reported::{AlertmanagerAlert, Delivery, PrometheusAlert, Silence};

/// The alert that always fires; if it is missing, delivery is broken.
pub const WATCHDOG: &str = "Watchdog";

/// The alerts of a stack at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The alerts, most urgent first, without the watchdog.
    pub alerts: Vec<Alert>,
    /// When the watchdog arrived at Alertmanager, which shows that Prometheus reaches it.
    pub delivery: Option<Since>,
    /// What the receivers accepted and rejected; `None` if it was not observed.
    pub deliveries: Option<Vec<Delivery>>,
    /// The requests that failed.
    pub unanswered: Vec<String>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlertState,
    /// When it reached that state.
    pub since: Since,
    /// All labels, in order.
    pub labels: Vec<(String, String)>,
    /// All annotations, in order.
    pub annotations: Vec<(String, String)>,
    /// The receivers it is routed to. Alertmanager does not report whether they received this alert.
    pub receivers: Vec<String>,
}

/// Whether an alert notifies people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// It fires, and Alertmanager notifies its receivers.
    Firing,
    /// It fires, but has not arrived at Alertmanager.
    NotArrived,
    /// Its expression holds, but not yet for long enough.
    Pending,
    /// A silence or another alert suppresses it; this lists them.
    Suppressed(Vec<String>),
}

/// A moment and its age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The moment, in RFC 3339.
    pub moment: String,
    /// The age, if the moment can be parsed.
    pub age: Option<Duration>,
}

impl Alerts {
    /// Merges the alerts that Prometheus evaluates with the alerts that arrived at Alertmanager.
    pub fn of(
        evaluated: &[PrometheusAlert],
        arrived: &[AlertmanagerAlert],
        silences: &[Silence],
        now: SystemTime,
    ) -> Self {
        let watchdog = arrived.iter().find(|alert| alert.name == WATCHDOG);
        let here = arrived.iter().map(|alert| Alert {
            name: alert.name.clone(),
            state: match alert.state.as_str() {
                "suppressed" => AlertState::Suppressed(suppressors(alert, arrived, silences)),
                _ => AlertState::Firing,
            },
            since: Since::new(&alert.since, now),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            receivers: alert.receivers.clone(),
        });
        let on_the_way = evaluated.iter().filter(|alert| !arrived.iter().any(|other| alert.is(other)));
        let on_the_way = on_the_way.map(|alert| Alert {
            name: named(&alert.labels, "alertname").unwrap_or_default().to_string(),
            state: if alert.is_firing { AlertState::NotArrived } else { AlertState::Pending },
            since: Since::new(&alert.since, now),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            receivers: Vec::new(),
        });
        let mut alerts: Vec<Alert> = here.chain(on_the_way).filter(|alert| alert.name != WATCHDOG).collect();
        alerts.sort_by(|one, other| one.urgency().cmp(&other.urgency()));
        Self { alerts, delivery: watchdog.map(|alert| Since::new(&alert.since, now)), ..Self::default() }
    }

    /// Returns the number of alerts that fire and are not suppressed.
    pub fn firing(&self) -> usize {
        self.count(|state| matches!(state, AlertState::Firing | AlertState::NotArrived))
    }

    /// Returns the number of alerts whose state matches.
    pub fn count(&self, is_such: impl Fn(&AlertState) -> bool) -> usize {
        self.alerts.iter().filter(|alert| is_such(&alert.state)).count()
    }
}

impl Alert {
    /// Returns a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        named(&self.labels, name)
    }

    /// Returns an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        named(&self.annotations, name)
    }

    /// Returns the sort key: state, severity, oldest first, name.
    fn urgency(&self) -> (&AlertState, u8, &str, &str) {
        let severity = match self.label("severity") {
            Some("critical") => 0,
            Some("warning") => 1,
            _ => 2,
        };
        (&self.state, severity, &self.since.moment, &self.name)
    }
}

impl PrometheusAlert {
    /// Returns whether this alert is the one that arrived, which also carries the external labels.
    fn is(&self, arrived: &AlertmanagerAlert) -> bool {
        self.is_firing && self.labels.iter().all(|label| arrived.labels.contains(label))
    }
}

impl Since {
    fn new(moment: &str, now: SystemTime) -> Self {
        let parsed = humantime::parse_rfc3339_weak(moment).ok();
        // The engine's clock may be ahead of this machine's clock.
        let age = parsed.map(|then| now.duration_since(then).unwrap_or_default());
        Self { moment: moment.to_string(), age }
    }
}

/// Returns descriptions of what suppresses an alert.
fn suppressors(
    alert: &AlertmanagerAlert,
    arrived: &[AlertmanagerAlert],
    silences: &[Silence],
) -> Vec<String> {
    let silence = |id: &String| match silences.iter().find(|silence| silence.id == *id) {
        Some(Silence { author, comment, until, .. }) => {
            format!("silence by {author} until {until}: {comment}")
        }
        None => format!("silence {id}"),
    };
    let alert_of = |fingerprint: &String| {
        let other = arrived.iter().find(|other| other.fingerprint == *fingerprint);
        other.map_or_else(|| format!("alert {fingerprint}"), |other| other.name.clone())
    };
    alert.silenced_by.iter().map(silence).chain(alert.inhibited_by.iter().map(alert_of)).collect()
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
