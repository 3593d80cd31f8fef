//! Prometheus' HTTP API, as far as verification needs it, and the reload metrics, which Alertmanager has too.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>, tested with 3.5.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{Http, body, json, pairs, taken, text};
use crate::error::{Error, Result};
use crate::model::alert::PrometheusAlert;

/// A client for one Prometheus.
#[derive(Clone, Debug)]
pub struct PrometheusClient<'a> {
    http: &'a Http,
    base: String,
}

/// A target that Prometheus scrapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveTarget {
    /// The job.
    pub job: String,
    /// The instance. Job and instance identify the target in samples.
    pub instance: String,
    /// The address that is scraped.
    pub url: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// The error of the last scrape, empty if it succeeded.
    pub error: String,
}

/// A recording or alerting rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name.
    pub name: String,
    /// `ok`, `err` or `unknown`.
    pub health: String,
    /// The error of the last evaluation, empty if it succeeded.
    pub error: String,
    /// Whether it is a firing alert.
    pub firing: bool,
    /// The expression.
    pub expression: String,
    /// Whether the group was evaluated since Prometheus started, possibly before this rule was changed.
    pub is_group_evaluated: bool,
}

/// How long Prometheus has been running, by its own clock if it reports the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// When it started.
    pub started: SystemTime,
    /// The time since the start.
    pub age: Duration,
    /// The time since it last loaded its configuration, to the second.
    pub since_reload: Duration,
}

/// The result of a service's last reload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReloadState {
    /// Whether it succeeded.
    pub successful: bool,
    /// The time of the last successful reload, in seconds since the Unix epoch.
    pub seconds: f64,
}

impl<'a> PrometheusClient<'a> {
    /// Returns a client for the Prometheus at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>) -> Self {
        Self { http, base: base.into() }
    }

    /// Returns the active targets.
    pub async fn targets(&self) -> Result<Vec<ActiveTarget>> {
        let data = self.get("targets?state=active").await?;
        let target = |target: &Value| ActiveTarget {
            job: text(&target["labels"]["job"]),
            instance: text(&target["labels"]["instance"]),
            url: text(&target["scrapeUrl"]),
            health: text(&target["health"]),
            error: text(&target["lastError"]),
        };
        Ok(items(&data["activeTargets"]).iter().map(target).collect())
    }

    /// Returns all rules.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        let data = self.get("rules").await?;
        let rules = items(&data["groups"]).iter().flat_map(|group| {
            // Prometheus reports the year 1 for a group that was never evaluated.
            let last = group["lastEvaluation"].as_str();
            let is_group_evaluated = last.is_some_and(|moment| !moment.starts_with("0001-"));
            items(&group["rules"]).iter().map(move |rule| Rule {
                name: text(&rule["name"]),
                health: text(&rule["health"]),
                error: text(&rule["lastError"]),
                firing: rule["state"] == "firing",
                expression: text(&rule["query"]),
                is_group_evaluated,
            })
        });
        Ok(rules.collect())
    }

    /// Returns the pending and firing alerts, as of the last evaluation.
    pub async fn alerts(&self) -> Result<Vec<PrometheusAlert>> {
        let data = self.get("alerts").await?;
        let alert = |alert: &Value| PrometheusAlert {
            labels: pairs(&alert["labels"]),
            annotations: pairs(&alert["annotations"]),
            is_firing: alert["state"] == "firing",
            since: text(&alert["activeAt"]),
        };
        Ok(items(&data["alerts"]).iter().map(alert).collect())
    }

    /// Returns how many series an expression has now.
    pub async fn series(&self, expression: &str) -> Result<usize> {
        Ok(items(&self.query(expression).await?).len())
    }

    /// Returns job and instance of each target whose last scrape of the last minute succeeded, since `started`.
    pub async fn recently_up(&self, started: SystemTime) -> Result<BTreeSet<(String, String)>> {
        let started = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let series = self.query("up[1m]").await?;
        let is_up = |series: &&Value| {
            let last = items(&series["values"]).last();
            last.is_some_and(|last| last[0].as_f64().is_some_and(|at| at >= started) && last[1] == "1")
        };
        let target = |series: &Value| (text(&series["metric"]["job"]), text(&series["metric"]["instance"]));
        Ok(items(&series).iter().filter(is_up).map(target).collect())
    }

    async fn query(&self, expression: &str) -> Result<Value> {
        let request =
            self.http.client.get(format!("{}/api/v1/query", self.base)).query(&[("query", expression)]);
        let mut body = json("query Prometheus", self.http.send(request).await).await?;
        Ok(taken(&mut taken(&mut body, "data"), "result"))
    }

    /// Returns the URLs of the Alertmanagers to which alerts are sent.
    pub async fn alertmanagers(&self) -> Result<Vec<String>> {
        let data = self.get("alertmanagers").await?;
        Ok(items(&data["activeAlertmanagers"]).iter().map(|found| text(&found["url"])).collect())
    }

    /// Returns the command-line flags of Prometheus, by name.
    pub async fn flags(&self) -> Result<BTreeMap<String, String>> {
        Ok(pairs(&self.get("status/flags").await?).into_iter().collect())
    }

    /// Returns scheme and host of each URL in the annotations of alerts.
    pub async fn links(&self) -> Result<BTreeSet<String>> {
        let data = self.get("rules?type=alert").await?;
        let rules = items(&data["groups"]).iter().flat_map(|group| items(&group["rules"]));
        let urls = rules.flat_map(|rule| pairs(&rule["annotations"])).map(|(_, text)| text);
        let urls = urls.filter(|text| text.starts_with("http://") || text.starts_with("https://"));
        Ok(urls.map(|url| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")).collect())
    }

    /// Returns how long Prometheus has been running.
    pub async fn runtime(&self) -> Result<Runtime> {
        let data = self.get("status/runtimeinfo").await?;
        let moment = |key: &str| humantime::parse_rfc3339_weak(data[key].as_str().unwrap_or_default());
        let started = moment("startTime").map_err(Error::http("read the start time of Prometheus"))?;
        let now = moment("serverTime").unwrap_or_else(|_| SystemTime::now());
        let ago = |then: SystemTime| now.duration_since(then).unwrap_or_default();
        let since_reload = ago(moment("lastConfigTime").unwrap_or(started));
        Ok(Runtime { started, age: ago(started), since_reload })
    }

    /// Returns the result of a service's last reload. `prefix` begins its metrics, such as `prometheus`.
    pub async fn reload_state(&self, prefix: &str) -> Result<ReloadState> {
        let action = "read the reload metrics";
        let response = self.http.send(self.http.client.get(format!("{}/metrics", self.base))).await;
        let body = body::text(response.map_err(Error::http(action))?).await.map_err(Error::http(action))?;
        let value = |name: &str| {
            let name = format!("{prefix}_config_last_reload_{name} ");
            let line = body.lines().find_map(|line| line.strip_prefix(&name))?;
            line.trim().parse::<f64>().ok()
        };
        match (value("successful"), value("success_timestamp_seconds")) {
            (Some(successful), Some(seconds)) => Ok(ReloadState { successful: successful > 0.5, seconds }),
            _ => Err(Error::http(action)("they are missing from `/metrics`")),
        }
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let action = format!("get {} from Prometheus", path.split('?').next().unwrap_or(path));
        let response = self.http.send(self.http.client.get(format!("{}/api/v1/{path}", self.base))).await;
        let mut body = json(&action, response).await?;
        Ok(taken(&mut body, "data"))
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
