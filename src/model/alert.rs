//! What fires now, since when, where it is routed to: Prometheus' and Alertmanager's words made one list.
//!
//! Never asks anything, nor looks at the clock.

mod reported;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

pub use reported::{AlertmanagerAlert, Delivery, PrometheusAlert, Silence};

use crate::model::verification::WATCHDOG;

/// Everything there is to say of a stack's alerts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerts {
    /// The alerts, the most urgent first, without the one that always fires.
    pub alerts: Vec<Alert>,
    /// Since when the alert that always fires has been at Alertmanager, which shows that Prometheus reaches it.
    pub delivery: Option<Since>,
    /// What receivers took and refused; `None` where that was not seen.
    pub deliveries: Option<Vec<Delivery>>,
    /// What could not be asked.
    pub unanswered: Vec<String>,
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// Whether people hear of it.
    pub state: AlertState,
    /// Since when.
    pub since: Since,
    /// All its labels, in their order.
    pub labels: Vec<(String, String)>,
    /// Its annotations, in their order.
    pub annotations: Vec<(String, String)>,
    /// The receivers that it is routed to; whether they got it is not known of a single alert.
    pub receivers: Vec<String>,
}

/// Whether people hear of an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// They do.
    Firing,
    /// It fires, but has not arrived at Alertmanager.
    NotArrived,
    /// They will, if it lasts.
    Pending,
    /// They do not, because of these.
    Suppressed(Vec<String>),
}

/// A moment, and how long ago it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The moment in the form of RFC 3339.
    pub moment: String,
    /// How long ago it was, where the moment can be read.
    pub age: Option<Duration>,
}

impl Alerts {
    /// Joins what Prometheus evaluates with what has arrived at Alertmanager.
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

    /// Returns how many alerts fire and are kept from nobody.
    pub fn firing(&self) -> usize {
        self.count(|state| matches!(state, AlertState::Firing | AlertState::NotArrived))
    }

    /// Returns how many alerts are in such a state.
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

    /// Returns what alerts are sorted by: state, severity, then the eldest first, then the name.
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
    /// Returns whether this alert has arrived as the other, which has the external labels too.
    fn is(&self, arrived: &AlertmanagerAlert) -> bool {
        self.is_firing && self.labels.iter().all(|label| arrived.labels.contains(label))
    }
}

impl Since {
    fn new(moment: &str, now: SystemTime) -> Self {
        let parsed = humantime::parse_rfc3339_weak(moment).ok();
        // The engine's clock may be ahead of ours.
        let age = parsed.map(|then| now.duration_since(then).unwrap_or_default());
        Self { moment: moment.to_string(), age }
    }
}

/// Returns what keeps an alert from being sent, in words.
fn suppressors(
    alert: &AlertmanagerAlert,
    arrived: &[AlertmanagerAlert],
    silences: &[Silence],
) -> Vec<String> {
    let silence = |id: &String| match silences.iter().find(|silence| silence.id == *id) {
        Some(Silence { author, comment, until, .. }) => {
            format!("a silence of {author} until {until}: {comment}")
        }
        None => format!("the silence {id}"),
    };
    let alert_of = |fingerprint: &String| {
        let other = arrived.iter().find(|other| other.fingerprint == *fingerprint);
        other.map_or_else(|| format!("the alert {fingerprint}"), |other| other.name.clone())
    };
    alert.silenced_by.iter().map(silence).chain(alert.inhibited_by.iter().map(alert_of)).collect()
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
