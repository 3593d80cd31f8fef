//! `tdd-stack.alerts/1`: the current alerts, and their delivery.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::alert::{Alert, AlertState, Alerts, Delivery};

/// The result of `alerts`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.alerts/1")]
pub(crate) struct AlertsDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether Prometheus and Alertmanager answered.
    ok: bool,
    /// The number of alerts that fire and are not suppressed.
    firing: usize,
    /// The delivery from Prometheus to Alertmanager.
    delivery: WatchdogItem<'a>,
    /// The delivery from Alertmanager to the receivers since Alertmanager started; null if it is not known.
    deliveries: Option<Vec<DeliveryItem<'a>>>,
    /// The alerts, most urgent first, without `Watchdog`.
    alerts: Vec<AlertItem<'a>>,
    /// The requests that failed.
    unanswered: &'a [String],
}

/// The delivery of the alert `Watchdog`, which always fires.
#[derive(Debug, Serialize)]
struct WatchdogItem<'a> {
    /// Whether it has arrived at Alertmanager.
    alive: bool,
    /// The time of its arrival in RFC 3339; null if it has not arrived.
    since: Option<&'a str>,
}

/// The notifications of one integration.
#[derive(Debug, Serialize)]
struct DeliveryItem<'a> {
    /// The integration, such as `webhook`.
    integration: &'a str,
    /// The number of notifications that were delivered.
    delivered: u64,
    /// The number of attempts that failed.
    failed: u64,
}

/// An alert.
#[derive(Debug, Serialize)]
struct AlertItem<'a> {
    /// The name of the alert.
    alert: &'a str,
    /// Its label `severity`; null if it has none.
    severity: Option<&'a str>,
    /// `firing`, `pending` or `suppressed`.
    state: &'static str,
    /// Whether it has arrived at Alertmanager.
    arrived: bool,
    /// The silences and alerts that suppress it.
    suppressed_by: &'a [String],
    /// The time when it reached its state, in RFC 3339.
    since: &'a str,
    /// The time since then in seconds; null if `since` cannot be parsed.
    seconds: Option<u64>,
    /// The receivers that it is routed to; empty before it arrives at Alertmanager.
    receivers: &'a [String],
    /// Its annotation `summary`; null if it has none.
    summary: Option<&'a str>,
    /// Its annotation `description`; null if it has none.
    description: Option<&'a str>,
    /// Its annotation `runbook_url`; null if it has none.
    runbook: Option<&'a str>,
    /// Its annotation `dashboard_url`; null if it has none.
    dashboard: Option<&'a str>,
    /// All its labels, by name.
    labels: BTreeMap<&'a str, &'a str>,
}

pub(crate) fn alerts<'a>(stack: &'a str, alerts: &'a Alerts) -> AlertsDocument<'a> {
    AlertsDocument {
        stack,
        ok: alerts.unanswered.is_empty(),
        firing: alerts.firing(),
        delivery: WatchdogItem {
            alive: alerts.delivery.is_some(),
            since: alerts.delivery.as_ref().map(|since| since.moment.as_str()),
        },
        deliveries: alerts.deliveries.as_ref().map(|all| all.iter().map(DeliveryItem::of).collect()),
        alerts: alerts.alerts.iter().map(AlertItem::of).collect(),
        unanswered: &alerts.unanswered,
    }
}

impl<'a> DeliveryItem<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        Self { integration: &delivery.integration, delivered: delivery.delivered, failed: delivery.failed }
    }
}

impl<'a> AlertItem<'a> {
    fn of(alert: &'a Alert) -> Self {
        let (state, suppressed_by) = match &alert.state {
            AlertState::Firing | AlertState::NotArrived => ("firing", [].as_slice()),
            AlertState::Pending => ("pending", [].as_slice()),
            AlertState::Suppressed(by) => ("suppressed", by.as_slice()),
        };
        Self {
            alert: &alert.name,
            severity: alert.label("severity"),
            state,
            arrived: !matches!(alert.state, AlertState::NotArrived | AlertState::Pending),
            suppressed_by,
            since: &alert.since.moment,
            seconds: alert.since.age.map(|age| age.as_secs()),
            receivers: &alert.receivers,
            summary: alert.annotation("summary"),
            description: alert.annotation("description"),
            runbook: alert.annotation("runbook_url"),
            dashboard: alert.annotation("dashboard_url"),
            labels: alert.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}
