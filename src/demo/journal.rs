//! The received notifications, in the format of Alertmanager's webhook (payload version 4).
//!
//! Kept in memory, with a maximum number. Prints nothing.
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The maximum number of notifications: a day of `Watchdog`, and room for real alerts.
const CAPACITY: usize = 1000;

/// The payload of a notification.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct Payload {
    /// The version of the format, which is `4`.
    pub version: String,
    /// The receiver's name in the configuration of Alertmanager.
    pub receiver: String,
    /// `firing`, or `resolved` if all alerts are resolved.
    pub status: String,
    /// The alerts of the group.
    pub alerts: Vec<NotifiedAlert>,
    /// The URL of Alertmanager.
    #[serde(default, rename(deserialize = "externalURL"))]
    pub external_url: String,
}

/// One alert of a notification.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct NotifiedAlert {
    /// `firing` or `resolved`.
    pub status: String,
    /// The labels, which identify the alert.
    pub labels: BTreeMap<String, String>,
    /// The annotations, which describe the alert.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// The time of its start, in RFC 3339.
    pub starts_at: String,
    /// The URL of its expression in Prometheus.
    #[serde(default, rename(deserialize = "generatorURL"))]
    pub generator_url: String,
    /// The hash of its labels.
    pub fingerprint: String,
}

/// A received notification.
#[derive(Clone, Debug, Serialize)]
pub struct Notification {
    /// The number in the journal, starting at 1.
    pub number: u64,
    /// The time of its arrival, in RFC 3339.
    pub received: String,
    /// The path that it was sent to: `/webhook` or `/watchdog`.
    pub path: &'static str,
    /// The payload.
    #[serde(flatten)]
    pub payload: Payload,
}

/// A notification as the program prints it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.notification/1")]
pub struct NotificationDocument<'a> {
    /// The notification.
    #[serde(flatten)]
    pub notification: &'a Notification,
}

/// The answer of the control API with notifications.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.journal/1")]
pub struct JournalDocument<'a> {
    /// The notifications, oldest first.
    pub notifications: Vec<&'a Notification>,
}

/// The last notifications, oldest first.
#[derive(Debug)]
pub struct Journal {
    notifications: Mutex<VecDeque<Arc<Notification>>>,
    newest: watch::Sender<u64>,
}

impl Journal {
    /// Adds a notification, and drops the oldest one if the journal is full.
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

    /// Returns the kept notifications with a higher number.
    pub fn since(&self, number: u64) -> Vec<Arc<Notification>> {
        let notifications = self.notifications.lock().unwrap_or_else(PoisonError::into_inner);
        notifications.iter().filter(|notification| notification.number > number).cloned().collect()
    }

    /// Returns the number of the newest notification, or 0 before the first.
    pub fn latest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Returns a receiver for the number of the newest notification.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self { notifications: Mutex::default(), newest: watch::channel(0).0 }
    }
}

impl NotifiedAlert {
    /// Returns a label, which is empty if it is missing.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::documentation;

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
    fn full_journal_drops_the_oldest() {
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
    fn json_keys_are_in_snake_case() {
        let journal = Journal::default();
        journal.record("/webhook", payload());
        let notification = &*journal.since(0)[0];
        let document = serde_json::to_value(NotificationDocument { notification }).unwrap();
        assert_eq!(document["alerts"][0]["generator_url"], "http://localhost:9090/graph");
        assert_eq!(document["external_url"], "http://localhost:9093");
        assert_eq!(document["alerts"][0]["starts_at"], "2026-01-01T00:00:00Z");
        documentation::assert_complete("tdd-stack.notification/1", &[document]);
    }
}
