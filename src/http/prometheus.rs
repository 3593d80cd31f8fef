//! Prometheus' HTTP API, as far as a proof needs it, and the reload metrics that Alertmanager has too.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>, tried with 3.5.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Http, body, json, pairs, taken, text};
use crate::alerts::EvaluatedAlert;
use crate::error::{Error, Result};

/// A client for one Prometheus.
#[derive(Clone, Debug)]
pub struct Prometheus<'a> {
    http: &'a Http,
    base: String,
}

/// A target that Prometheus scrapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveTarget {
    /// Its job.
    pub job: String,
    /// The address that is scraped.
    pub url: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why the last scrape failed.
    pub error: String,
}

/// A recording or alerting rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// `ok`, `err` or `unknown`.
    pub health: String,
    /// Why the last evaluation failed.
    pub error: String,
    /// Whether it is an alert that fires.
    pub firing: bool,
    /// Its expression.
    pub expression: String,
}

/// What a service says of its last reload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReloadState {
    /// Whether it succeeded.
    pub successful: bool,
    /// When the last successful one was, in seconds of the Unix epoch.
    pub seconds: f64,
}

impl<'a> Prometheus<'a> {
    /// Returns a client for the Prometheus at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>) -> Self {
        Self { http, base: base.into() }
    }

    /// Returns the targets that are scraped.
    pub async fn targets(&self) -> Result<Vec<ActiveTarget>> {
        let data = self.get("targets?state=active").await?;
        let target = |target: &Value| ActiveTarget {
            job: text(&target["labels"]["job"]),
            url: text(&target["scrapeUrl"]),
            health: text(&target["health"]),
            error: text(&target["lastError"]),
        };
        Ok(items(&data["activeTargets"]).iter().map(target).collect())
    }

    /// Returns all rules.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        let data = self.get("rules").await?;
        let rule = |rule: &Value| Rule {
            name: text(&rule["name"]),
            health: text(&rule["health"]),
            error: text(&rule["lastError"]),
            firing: rule["state"] == "firing",
            expression: text(&rule["query"]),
        };
        Ok(items(&data["groups"]).iter().flat_map(|group| items(&group["rules"])).map(rule).collect())
    }

    /// Returns the alerts whose expressions hold, as the last evaluation left them.
    pub async fn alerts(&self) -> Result<Vec<EvaluatedAlert>> {
        let data = self.get("alerts").await?;
        let alert = |alert: &Value| EvaluatedAlert {
            labels: pairs(&alert["labels"]),
            annotations: pairs(&alert["annotations"]),
            is_firing: alert["state"] == "firing",
            since: text(&alert["activeAt"]),
        };
        Ok(items(&data["alerts"]).iter().map(alert).collect())
    }

    /// Returns how many series an expression has at this moment.
    pub async fn series(&self, expression: &str) -> Result<usize> {
        let doing = "query Prometheus";
        let request =
            self.http.client.get(format!("{}/api/v1/query", self.base)).query(&[("query", expression)]);
        let body = json(doing, self.http.send(request).await).await?;
        Ok(items(&body["data"]["result"]).len())
    }

    /// Returns the addresses of the Alertmanagers that alerts are sent to.
    pub async fn alertmanagers(&self) -> Result<Vec<String>> {
        let data = self.get("alertmanagers").await?;
        Ok(items(&data["activeAlertmanagers"]).iter().map(|found| text(&found["url"])).collect())
    }

    /// Returns the flags that it was started with, by name.
    pub async fn flags(&self) -> Result<BTreeMap<String, String>> {
        Ok(pairs(&self.get("status/flags").await?).into_iter().collect())
    }

    /// Returns the places that alerts link to, without their paths, each once.
    pub async fn links(&self) -> Result<BTreeSet<String>> {
        let data = self.get("rules?type=alert").await?;
        let rules = items(&data["groups"]).iter().flat_map(|group| items(&group["rules"]));
        let urls = rules.flat_map(|rule| pairs(&rule["annotations"])).map(|(_, text)| text);
        let urls = urls.filter(|text| text.starts_with("http://") || text.starts_with("https://"));
        Ok(urls.map(|url| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")).collect())
    }

    /// Returns how long ago it started.
    pub async fn age(&self) -> Result<std::time::Duration> {
        let data = self.get("status/runtimeinfo").await?;
        let started = humantime::parse_rfc3339_weak(data["startTime"].as_str().unwrap_or_default())
            .map_err(Error::http("read when Prometheus started"))?;
        Ok(started.elapsed().unwrap_or_default())
    }

    /// Returns what the service says of its last reload; `prefix` is its own, such as `prometheus`.
    pub async fn reload_state(&self, prefix: &str) -> Result<ReloadState> {
        let doing = "read the reload metrics";
        let response = self.http.send(self.http.client.get(format!("{}/metrics", self.base))).await;
        let body = body::text(response.map_err(Error::http(doing))?).await.map_err(Error::http(doing))?;
        let value = |name: &str| {
            let name = format!("{prefix}_config_last_reload_{name} ");
            let line = body.lines().find_map(|line| line.strip_prefix(&name))?;
            line.trim().parse::<f64>().ok()
        };
        match (value("successful"), value("success_timestamp_seconds")) {
            (Some(successful), Some(seconds)) => Ok(ReloadState { successful: successful > 0.5, seconds }),
            _ => Err(Error::http(doing)("they are missing from `/metrics`")),
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let doing = format!("ask Prometheus for its {}", path.split('?').next().unwrap_or(path));
        let response = self.http.send(self.http.client.get(format!("{}/api/v1/{path}", self.base))).await;
        let mut body = json(&doing, response).await?;
        Ok(taken(&mut body, "data"))
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
