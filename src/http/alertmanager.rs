//! Alertmanager's HTTP API, as far as a proof needs it.
//!
//! Source: the API's own description `openapi.yaml` of Alertmanager 0.33, version 2.

use serde_json::Value;

use super::{Http, json, text};
use crate::error::{Error, Result};

/// A client for one Alertmanager.
#[derive(Clone, Debug)]
pub struct Alertmanager<'a> {
    http: &'a Http,
    base: String,
}

/// An alert that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedAlert {
    /// Its `alertname`.
    pub name: String,
    /// All its labels, in their order.
    pub labels: Vec<(String, String)>,
    /// Its annotations, in their order.
    pub annotations: Vec<(String, String)>,
    /// `active`, `suppressed` or `unprocessed`.
    pub state: String,
    /// Since when it fires, in the form of RFC 3339.
    pub since: String,
    /// The receivers that it is sent to.
    pub receivers: Vec<String>,
    /// What identifies it: the hash of its labels.
    pub fingerprint: String,
}

impl<'a> Alertmanager<'a> {
    /// Returns a client for the Alertmanager at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>) -> Self {
        Self { http, base: base.into() }
    }

    /// Returns the alerts that have arrived and are not over.
    pub async fn alerts(&self) -> Result<Vec<ArrivedAlert>> {
        let doing = "ask Alertmanager for its alerts";
        let response = self.http.client.get(format!("{}/api/v2/alerts", self.base)).send().await;
        let body = json(doing, response).await?;
        let alerts = body.as_array().ok_or_else(|| Error::http(doing)("the answer is no list"))?;
        Ok(alerts.iter().map(alert).collect())
    }
}

fn alert(alert: &Value) -> ArrivedAlert {
    let receivers = alert["receivers"].as_array().into_iter().flatten();
    ArrivedAlert {
        name: text(&alert["labels"]["alertname"]),
        labels: pairs(&alert["labels"]),
        annotations: pairs(&alert["annotations"]),
        state: text(&alert["status"]["state"]),
        since: text(&alert["startsAt"]),
        receivers: receivers.map(|receiver| text(&receiver["name"])).collect(),
        fingerprint: text(&alert["fingerprint"]),
    }
}

fn pairs(map: &Value) -> Vec<(String, String)> {
    map.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}
