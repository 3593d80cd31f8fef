//! Alertmanager's HTTP API, as far as a proof needs it.
//!
//! Source: the API's own description `openapi.yaml` of Alertmanager 0.33, version 2.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Http, body, json, pairs, text};
use crate::alerts::{ArrivedAlert, Silence};
use crate::error::{Error, Result};

/// A client for one Alertmanager.
#[derive(Clone, Debug)]
pub struct Alertmanager<'a> {
    http: &'a Http,
    base: String,
}

impl<'a> Alertmanager<'a> {
    /// Returns a client for the Alertmanager at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>) -> Self {
        Self { http, base: base.into() }
    }

    /// Returns the alerts that have arrived and are not over.
    pub async fn alerts(&self) -> Result<Vec<ArrivedAlert>> {
        Ok(self.list("alerts").await?.iter().map(alert).collect())
    }

    /// Returns its silences, those that are over too.
    pub async fn silences(&self) -> Result<Vec<Silence>> {
        Ok(self.list("silences").await?.iter().map(silence).collect())
    }

    async fn list(&self, what: &str) -> Result<Vec<Value>> {
        let doing = format!("ask Alertmanager for its {what}");
        let response = self.http.send(self.http.client.get(format!("{}/api/v2/{what}", self.base))).await;
        let body = json(&doing, response).await?;
        match body {
            Value::Array(items) => Ok(items),
            _ => Err(Error::http(doing)("the answer is no list")),
        }
    }

    /// Makes an alert of a drill, so that there is something to deliver.
    pub async fn post_drill(&self) -> Result<()> {
        let doing = "hand an alert to Alertmanager";
        let end = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_mins(2)).to_string();
        let alerts = serde_json::json!([{
            "labels": {"alertname": "TddStackDrill", "severity": "warning", "job": "tdd-stack", "drill": "true"},
            "annotations": {"summary": "A drill needs something to deliver"},
            "endsAt": end,
        }]);
        let response =
            self.http.send(self.http.client.post(format!("{}/api/v2/alerts", self.base)).json(&alerts)).await;
        let status = response.map_err(Error::http(doing))?.status();
        if status.is_success() { Ok(()) } else { Err(Error::http(doing)(format!("the answer is {status}"))) }
    }

    /// Returns how many notifications were delivered to webhooks since its start.
    pub async fn delivered(&self) -> Result<f64> {
        let doing = "read Alertmanager's metrics";
        let response = self.http.send(self.http.client.get(format!("{}/metrics", self.base))).await;
        let body = body::text(response.map_err(Error::http(doing))?).await.map_err(Error::http(doing))?;
        let sum = |name: &str| -> f64 {
            let lines = body.lines().filter(|line| {
                line.starts_with(&format!("{name}{{")) && line.contains("integration=\"webhook\"")
            });
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        Ok(sum("alertmanager_notifications_total") - sum("alertmanager_notifications_failed_total"))
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
        silenced_by: texts(&alert["status"]["silencedBy"]),
        inhibited_by: texts(&alert["status"]["inhibitedBy"]),
    }
}

fn silence(silence: &Value) -> Silence {
    Silence {
        id: text(&silence["id"]),
        author: text(&silence["createdBy"]),
        comment: text(&silence["comment"]),
        until: text(&silence["endsAt"]),
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(text).collect()
}
