//! The notifications that arrived, as Alertmanager's webhook tells them (payload version 4).
//!
//! Bounded, in memory, and never printed from here.
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A day of `Watchdog`, and room for real alerts.
const CAPACITY: usize = 1000;

/// What Alertmanager sends.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct Payload {
    /// The form of the payload, which is `4`.
    pub version: String,
    /// The receiver's name in the configuration of Alertmanager.
    pub receiver: String,
    /// `firing`, or `resolved` where all alerts are.
    pub status: String,
    /// The alerts of the group.
    pub alerts: Vec<NotifiedAlert>,
    /// Where Alertmanager is opened.
    #[serde(default, rename(deserialize = "externalURL"))]
    pub external_url: String,
}

/// One alert of a notification.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct NotifiedAlert {
    /// `firing` or `resolved`.
    pub status: String,
    /// What identifies it.
    pub labels: BTreeMap<String, String>,
    /// What it says.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When it began, in the form of RFC 3339.
    pub starts_at: String,
    /// Where Prometheus shows its expression.
    #[serde(default, rename(deserialize = "generatorURL"))]
    pub generator_url: String,
    /// The hash of its labels.
    pub fingerprint: String,
}

/// A notification that arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Notification {
    /// Its place in the journal, from 1.
    pub number: u64,
    /// When it arrived, in the form of RFC 3339.
    pub received: String,
    /// The path that it was sent to: `/webhook` or `/watchdog`.
    pub path: &'static str,
    /// What it says.
    #[serde(flatten)]
    pub payload: Payload,
}

/// The last notifications, oldest first.
#[derive(Debug)]
pub struct Journal {
    notifications: Mutex<VecDeque<Arc<Notification>>>,
    newest: watch::Sender<u64>,
}

impl Journal {
    /// Writes a notification down.
    pub fn record(&self, path: &'static str, payload: Payload) {
        let mut notifications = self.notifications.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.latest() + 1;
        let received = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        if notifications.len() == CAPACITY {
            notifications.pop_front();
        }
        notifications.push_back(Arc::new(Notification { number, received, path, payload }));
        self.newest.send_replace(number);
    }

    /// Returns the notifications after the one of that number, those that are kept.
    pub fn since(&self, number: u64) -> Vec<Arc<Notification>> {
        let notifications = self.notifications.lock().unwrap_or_else(PoisonError::into_inner);
        notifications.iter().filter(|notification| notification.number > number).cloned().collect()
    }

    /// Returns the newest notification's number, 0 before the first.
    pub fn latest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Returns what changes to the newest notification's number when one arrives.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { notifications: Mutex::default(), newest: watch::channel(0).0 }
    }
}

impl Notification {
    /// Returns it in one line, fit for a terminal whatever its labels say.
    pub fn line(&self) -> String {
        let alert = |alert: &NotifiedAlert| {
            let label = |name: &str| alert.labels.get(name).map_or("", String::as_str);
            let place = [label("job"), label("instance")].join(" ");
            format!("{} {} [{}] {}", alert.status, label("alertname"), label("severity"), place.trim())
        };
        let alerts: Vec<String> = self.payload.alerts.iter().map(alert).collect();
        let line = format!("{}  {}  {}", self.received, self.path, alerts.join("; "));
        line.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#"{
        "receiver": "tdd-webhook", "status": "firing", "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://localhost:9093",
        "alerts": [{"status": "firing", "labels": {"alertname": "SlowQueries", "severity": "warning", "job": "a\u001b[2J"},
          "annotations": {"summary": "s"}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
          "generatorURL": "http://localhost:9090/graph", "fingerprint": "cafe"}]}"#;

    fn payload() -> Payload {
        serde_json::from_str(PAYLOAD).unwrap()
    }

    #[test]
    fn numbers_go_on_and_the_oldest_is_forgotten() {
        let journal = Journal::default();
        let newest = journal.newest();
        for _ in 0..=CAPACITY {
            journal.record("/webhook", payload());
        }
        let kept = journal.since(0);
        assert_eq!((kept.len(), kept[0].number), (CAPACITY, 2));
        assert_eq!(journal.since(1000).len(), 1);
        assert_eq!((*newest.borrow(), journal.latest()), (1001, 1001));
    }

    #[test]
    fn a_label_cannot_write_to_the_terminal() {
        let journal = Journal::default();
        journal.record("/webhook", payload());
        let line = journal.since(0)[0].line();
        assert!(line.ends_with("/webhook  firing SlowQueries [warning] a\u{fffd}[2J"), "{line}");
    }

    #[test]
    fn it_is_told_in_the_words_of_this_program() {
        let journal = Journal::default();
        journal.record("/webhook", payload());
        let told = serde_json::to_value(&*journal.since(0)[0]).unwrap();
        assert_eq!(told["alerts"][0]["generator_url"], "http://localhost:9090/graph");
        assert_eq!(told["external_url"], "http://localhost:9093");
        assert_eq!(told["alerts"][0]["starts_at"], "2026-01-01T00:00:00Z");
    }
}
