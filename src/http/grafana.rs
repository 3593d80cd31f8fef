//! Grafana's HTTP API, as far as one data source and one dashboard need it.
//!
//! Uids are fixed, so 409 and 412 alike mean "exists". After the first 401 nothing is asked any more until the
//! password was set: five wrong tries within five minutes lock the account. Source: Grafana's HTTP API, 9.4 to 13.

use std::sync::atomic::Ordering;

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Http, body, taken};
use crate::config::dashboard::{Panel, Query};
use crate::error::{Error, Result};
use crate::model::observed::{GrafanaContent, Readiness, SeenDataSource, contains};
use crate::model::stack::{DataSource, Login, Stack};

/// Why nothing is asked through a data source.
pub const PROMETHEUS_PAUSED: &str = "is not asked: Prometheus is paused";

/// What Grafana's backend would put in for its variables in a panel over the last hour.
const VARIABLES: [(&str, &str); 4] =
    [("$__rate_interval", "1m"), ("$__interval", "15s"), ("$__range", "1h"), ("${datasource}", "prometheus")];

/// A client for one Grafana.
#[derive(Clone, Debug)]
pub struct GrafanaClient<'a> {
    http: &'a Http,
    base: String,
    login: &'a Login,
    volume: String,
}

/// An answer, whatever its status.
struct GrafanaResponse {
    status: u16,
    body: Value,
}

impl<'a> GrafanaClient<'a> {
    /// Returns a client for the stack's Grafana at `base`.
    pub fn new(http: &'a Http, base: impl Into<String>, stack: &'a Stack) -> Self {
        let volume = stack.service("grafana").and_then(|service| service.data_volume()).unwrap_or_default();
        Self { http, base: base.into(), login: &stack.login, volume: volume.to_string() }
    }

    /// Tries the login once.
    pub async fn log_in(&self) -> Result<()> {
        let doing = "log in to Grafana";
        good(&self.ask(Method::GET, "/api/org", None, doing).await?, doing)
    }

    /// Tries the login once more, since Grafana's password was set.
    pub async fn log_in_again(&self) -> Result<()> {
        self.http.login_refused.store(false, Ordering::Relaxed);
        self.log_in().await
    }

    /// Returns what Grafana holds of what the stack wants it to hold. While Prometheus is paused, no data source is
    /// asked for its health: Grafana would wait for it.
    pub async fn content(&self, stack: &Stack, is_paused: bool) -> Result<GrafanaContent> {
        // Alone first: asked at once, a wrong password would count as several wrong tries.
        self.log_in().await?;
        let data_sources =
            futures_util::future::try_join_all(stack.data_sources.iter().map(|wanted| async move {
                let uid = wanted.uid;
                let health = async {
                    if is_paused {
                        return Ok(Readiness::NotReady(PROMETHEUS_PAUSED.into()));
                    }
                    self.data_source_health(uid).await
                };
                let (body, health) = tokio::try_join!(self.data_source(uid), health)?;
                Ok(body.map(|body| (uid.to_string(), SeenDataSource { body, health })))
            }));
        let dashboards =
            futures_util::future::try_join_all(stack.dashboards.iter().map(|wanted| async move {
                Ok(self.dashboard(wanted.uid).await?.map(|body| (wanted.uid.to_string(), body)))
            }));
        let (data_sources, dashboards) = tokio::try_join!(data_sources, dashboards)?;
        Ok(GrafanaContent {
            data_sources: data_sources.into_iter().flatten().collect(),
            dashboards: dashboards.into_iter().flatten().collect(),
            checksums: BTreeMap::new(),
        })
    }

    /// Returns the data source of that uid, if there is one.
    pub async fn data_source(&self, uid: &str) -> Result<Option<Value>> {
        let doing = format!("read data source `{uid}`");
        let answer = self.ask(Method::GET, &format!("/api/datasources/uid/{uid}"), None, &doing).await?;
        found(answer, &doing)
    }

    /// Returns what the data source's health check answers.
    pub async fn data_source_health(&self, uid: &str) -> Result<Readiness> {
        let path = format!("/api/datasources/uid/{uid}/health");
        let answer = self.ask(Method::GET, &path, None, &format!("check data source `{uid}`")).await?;
        Ok(match answer.status {
            200 if answer.body["status"] == "OK" => Readiness::Ready,
            status => Readiness::NotReady(format!("answers {status}: {}", message(&answer.body))),
        })
    }

    /// Makes Grafana hold the data source, and reads it back.
    pub async fn set_data_source(&self, wanted: &DataSource) -> Result<()> {
        let uid = wanted.uid;
        let doing = format!("set data source `{uid}`");
        let seen = self.data_source(uid).await?;
        if seen.as_ref().is_some_and(|seen| contains(seen, &wanted.body)) {
            return Ok(());
        }
        let path = format!("/api/datasources/uid/{uid}");
        let answer = match seen {
            Some(_) => self.ask(Method::PUT, &path, Some(&wanted.body), &doing).await?,
            None => match self.ask(Method::POST, "/api/datasources", Some(&wanted.body), &doing).await? {
                // Made between our question and our answer, or under the same name with another uid: the second
                // try tells them apart.
                GrafanaResponse { status: 409 | 412, .. } => {
                    self.ask(Method::PUT, &path, Some(&wanted.body), &doing).await?
                }
                answer => answer,
            },
        };
        good(&answer, &doing)?;
        match self.data_source(uid).await? {
            Some(seen) if contains(&seen, &wanted.body) => Ok(()),
            _ => Err(refused(&doing, 200, "but reads back something else")),
        }
    }

    /// Returns the dashboard of that uid, if there is one.
    pub async fn dashboard(&self, uid: &str) -> Result<Option<Value>> {
        let doing = format!("read dashboard `{uid}`");
        let answer = self.ask(Method::GET, &format!("/api/dashboards/uid/{uid}"), None, &doing).await?;
        Ok(found(answer, &doing)?.map(|mut body| taken(&mut body, "dashboard")))
    }

    /// Makes Grafana hold the dashboard, where `seen` differs from it, and returns it as it is read back by its uid.
    pub async fn import_dashboard(&self, uid: &str, wanted: &Value, seen: Option<Value>) -> Result<Value> {
        let doing = format!("import dashboard `{uid}`");
        if let Some(seen) = seen.filter(|seen| contains(seen, wanted)) {
            return Ok(seen);
        }
        let body = json!({"dashboard": wanted, "overwrite": true, "message": "tdd-stack"});
        let answer = self.ask(Method::POST, "/api/dashboards/db", Some(&body), &doing).await?;
        // With `overwrite`, 409 and 412 can only come of another writer at the same moment; reading back decides.
        if !matches!(answer.status, 409 | 412) {
            good(&answer, &doing)?;
        }
        // By uid: the search is only eventually consistent.
        match self.dashboard(uid).await? {
            Some(seen) if contains(&seen, wanted) => Ok(seen),
            _ => Err(refused(&doing, answer.status, "but reads back something else")),
        }
    }

    /// Returns how many series a panel's queries return, as Grafana itself would draw them.
    pub async fn series(&self, panel: &Panel, data_source: &str) -> Result<usize> {
        let doing = format!("query panel `{}`", panel.title);
        let queries: Vec<Value> = panel.queries.iter().map(|query| query_body(query, data_source)).collect();
        let body = json!({"from": "now-1h", "to": "now", "queries": queries});
        let answer = self.ask(Method::POST, "/api/ds/query", Some(&body), &doing).await?;
        if answer.status != 200 {
            let mut results =
                answer.body["results"].as_object().into_iter().flat_map(|results| results.values());
            let reason = results.find_map(|result| result["error"].as_str());
            return Err(refused(&doing, answer.status, reason.unwrap_or(&message(&answer.body))));
        }
        let results = answer.body["results"].as_object().into_iter().flat_map(|results| results.values());
        let frames = results.flat_map(|result| result["frames"].as_array().cloned().unwrap_or_default());
        let has_points =
            |frame: &Value| frame["data"]["values"][0].as_array().is_some_and(|column| !column.is_empty());
        Ok(frames.filter(has_points).count())
    }

    fn login_refused(&self) -> Error {
        Error::GrafanaLogin {
            url: self.base.clone(),
            user: self.login.user.clone(),
            volume: self.volume.clone(),
            was_set: false,
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        doing: &str,
    ) -> Result<GrafanaResponse> {
        if self.http.login_refused.load(Ordering::Relaxed) {
            return Err(self.login_refused());
        }
        let request: RequestBuilder = self
            .http
            .client
            .request(method, format!("{}{path}", self.base))
            .basic_auth(&self.login.user, Some(self.login.password.secret.reveal()));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = self.http.send(request).await.map_err(Error::http(doing))?;
        let status = response.status().as_u16();
        if status == 401 {
            self.http.login_refused.store(true, Ordering::Relaxed);
            return Err(self.login_refused());
        }
        // An error's body may be empty or HTML; its status is answer enough.
        Ok(GrafanaResponse { status, body: body::json(response).await.unwrap_or_default() })
    }
}

fn query_body(query: &Query, data_source: &str) -> Value {
    let expr = VARIABLES.iter().fold(query.expr.clone(), |expr, (name, value)| expr.replace(name, value));
    json!({
        "refId": query.ref_id,
        "datasource": {"type": "prometheus", "uid": data_source},
        "expr": expr,
        "instant": query.instant,
        "range": !query.instant,
        "format": "time_series",
        "intervalMs": 15000,
        "maxDataPoints": 240,
    })
}

fn found(answer: GrafanaResponse, doing: &str) -> Result<Option<Value>> {
    if answer.status == 404 {
        return Ok(None);
    }
    good(&answer, doing)?;
    Ok(Some(answer.body))
}

fn good(answer: &GrafanaResponse, doing: &str) -> Result<()> {
    if answer.status == 200 { Ok(()) } else { Err(refused(doing, answer.status, &message(&answer.body))) }
}

fn refused(doing: &str, status: u16, message: &str) -> Error {
    Error::Grafana { doing: doing.to_string(), status, message: message.to_string() }
}

fn message(body: &Value) -> String {
    body["message"].as_str().unwrap_or_default().to_string()
}
