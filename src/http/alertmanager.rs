//! Alertmanager's HTTP API, as far as verification needs it.
//!
//! Source: the API description `openapi.yaml` of Alertmanager 0.33, API version 2.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Http, body, json, pairs, text};
use crate::error::{Error, Result};
use crate::model::alert::{AlertmanagerAlert, Delivery, Silence};

/// A client for one Alertmanager.
#[derive(Clone, Debug)]
pub struct AlertmanagerClient<'a> {
    http: &'a Http,
    base: String,
}

impl<'a> AlertmanagerClient<'a> {
    /// Returns a client for the Alertmanager at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>) -> Self {
        Self { http, base: base.into() }
    }

    /// Returns the alerts that Alertmanager has received and that have not ended.
    pub async fn alerts(&self) -> Result<Vec<AlertmanagerAlert>> {
        Ok(self.list("alerts").await?.iter().map(alert).collect())
    }

    /// Returns all silences, including expired ones.
    pub async fn silences(&self) -> Result<Vec<Silence>> {
        Ok(self.list("silences").await?.iter().map(silence).collect())
    }

    async fn list(&self, what: &str) -> Result<Vec<Value>> {
        let action = format!("get {what} from Alertmanager");
        let response = self.http.send(self.http.client.get(format!("{}/api/v2/{what}", self.base))).await;
        let body = json(&action, response).await?;
        match body {
            Value::Array(items) => Ok(items),
            _ => Err(Error::http(action)("the answer is not a list")),
        }
    }

    /// Posts a drill alert that ends after two minutes, so that there is something to deliver.
    pub async fn post_drill(&self) -> Result<()> {
        let action = "post an alert to Alertmanager";
        let end = humantime::format_rfc3339_seconds(SystemTime::now() + Duration::from_mins(2)).to_string();
        let alerts = serde_json::json!([{
            "labels": {"alertname": "TddStackDrill", "severity": "warning", "job": "tdd-stack", "drill": "true"},
            "annotations": {"summary": "A drill needs something to deliver"},
            "endsAt": end,
        }]);
        let response =
            self.http.send(self.http.client.post(format!("{}/api/v2/alerts", self.base)).json(&alerts)).await;
        let status = response.map_err(Error::http(action))?.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(Error::http(action)(format!("the server answered {status}")))
        }
    }

    /// Returns how many messages each kind of receiver accepted and refused since Alertmanager started. A kind
    /// without any message is left out.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        let action = "read Alertmanager's metrics";
        let response = self.http.send(self.http.client.get(format!("{}/metrics", self.base))).await;
        let body = body::text(response.map_err(Error::http(action))?).await.map_err(Error::http(action))?;
        Ok(deliveries(&body))
    }

    /// Returns how many messages webhooks accepted since Alertmanager started.
    pub async fn delivered(&self) -> Result<u64> {
        let deliveries = self.deliveries().await?;
        Ok(deliveries
            .iter()
            .filter(|entry| entry.integration == "webhook")
            .map(|entry| entry.delivered)
            .sum())
    }
}

/// Reads the counters of requests, which increase when a receiver has answered. The counters
/// `alertmanager_notifications_*` count a message that is still being retried as successful.
fn deliveries(metrics: &str) -> Vec<Delivery> {
    let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for line in metrics.lines() {
        let Some(rest) = line.strip_prefix("alertmanager_notification_requests_") else { continue };
        let integration = rest.split_once("integration=\"").and_then(|(_, rest)| rest.split_once('"'));
        let value = rest.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        let (Some((integration, _)), Some(value)) = (integration, value) else { continue };
        let (tried, failed) = counted.entry(integration).or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter of requests")]
        let value = value as u64;
        if rest.starts_with("total{") {
            *tried += value;
        } else if rest.starts_with("failed_total{") {
            *failed += value;
        }
    }
    let tried = counted.into_iter().filter(|(_, (tried, _))| *tried > 0);
    tried
        .map(|(integration, (tried, failed))| Delivery {
            integration: integration.to_string(),
            delivered: tried.saturating_sub(failed),
            failed,
        })
        .collect()
}

fn alert(alert: &Value) -> AlertmanagerAlert {
    let receivers = alert["receivers"].as_array().into_iter().flatten();
    AlertmanagerAlert {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_count_only_answered_requests() {
        let metrics = "# TYPE alertmanager_notification_requests_total counter\n\
            alertmanager_notification_requests_total{integration=\"email\"} 0\n\
            alertmanager_notification_requests_total{integration=\"webhook\"} 1e+01\n\
            alertmanager_notification_requests_failed_total{integration=\"webhook\"} 4\n\
            alertmanager_notification_requests_total{integration=\"slack\",receiver_name=\"a\"} 1\n\
            alertmanager_notification_requests_total{integration=\"slack\",receiver_name=\"b\"} 2\n\
            alertmanager_notifications_total{integration=\"webhook\"} 99\n";
        let delivery = |integration: &str, delivered, failed| Delivery {
            integration: integration.into(),
            delivered,
            failed,
        };
        assert_eq!(deliveries(metrics), [delivery("slack", 3, 0), delivery("webhook", 6, 4)]);
        assert_eq!(deliveries(""), []);
    }
}
