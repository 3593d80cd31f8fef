//! Grafana's HTTP API, as far as one data source and one dashboard need it.
//!
//! Uids are fixed, so 409 and 412 both mean "exists". After the first 401, no request is sent until the
//! password is set: five wrong tries within five minutes lock the account. Source: Grafana's HTTP API, 9.4 to
//! 13.

use std::sync::atomic::Ordering;

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Http, body, taken};
use crate::config::dashboard::{Panel, Query};
use crate::error::{Error, Result};
use crate::model::observed::{GrafanaContent, Readiness, SeenDataSource, contains};
use crate::model::stack::{DataSource, Login, Stack};

/// The reason why no request goes through a data source.
pub const PROMETHEUS_PAUSED: &str = "is not checked: Prometheus is paused";

/// The values that Grafana's backend inserts for its variables in a panel of the last hour.
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

/// An answer with any status.
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
        let action = "log in to Grafana";
        good(&self.ask(Method::GET, "/api/org", None, action).await?, action)
    }

    /// Tries the login again after Grafana's password was set.
    pub async fn log_in_again(&self) -> Result<()> {
        self.http.login_refused.store(false, Ordering::Relaxed);
        self.log_in().await
    }

    /// Returns the data sources and dashboards of the stack that exist in Grafana. While Prometheus is
    /// paused, the health of data sources is not requested: Grafana would wait for Prometheus.
    pub async fn content(&self, stack: &Stack, is_paused: bool) -> Result<GrafanaContent> {
        // The login comes first: with a wrong password, concurrent requests would be several wrong tries.
        self.log_in().await?;
        let data_sources =
            futures_util::future::try_join_all(stack.data_sources.iter().map(|desired| async move {
                let uid = desired.uid;
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
            futures_util::future::try_join_all(stack.dashboards.iter().map(|desired| async move {
                Ok(self.dashboard(desired.uid).await?.map(|body| (desired.uid.to_string(), body)))
            }));
        let (data_sources, dashboards) = tokio::try_join!(data_sources, dashboards)?;
        Ok(GrafanaContent {
            data_sources: data_sources.into_iter().flatten().collect(),
            dashboards: dashboards.into_iter().flatten().collect(),
            checksums: BTreeMap::new(),
        })
    }

    /// Returns the data source with this uid, if it exists.
    pub async fn data_source(&self, uid: &str) -> Result<Option<Value>> {
        let action = format!("read data source `{uid}`");
        let answer = self.ask(Method::GET, &format!("/api/datasources/uid/{uid}"), None, &action).await?;
        found(answer, &action)
    }

    /// Returns the result of the data source's health check.
    pub async fn data_source_health(&self, uid: &str) -> Result<Readiness> {
        let path = format!("/api/datasources/uid/{uid}/health");
        let answer = self.ask(Method::GET, &path, None, &format!("check data source `{uid}`")).await?;
        Ok(match answer.status {
            200 if answer.body["status"] == "OK" => Readiness::Ready,
            status => Readiness::NotReady(format!("answers {status}: {}", message(&answer.body))),
        })
    }

    /// Creates or updates the data source, and verifies it by reading it back.
    pub async fn set_data_source(&self, desired: &DataSource) -> Result<()> {
        let uid = desired.uid;
        let action = format!("set data source `{uid}`");
        let current = self.data_source(uid).await?;
        if current.as_ref().is_some_and(|current| contains(current, &desired.body)) {
            return Ok(());
        }
        let path = format!("/api/datasources/uid/{uid}");
        let answer = match current {
            Some(_) => self.ask(Method::PUT, &path, Some(&desired.body), &action).await?,
            None => match self.ask(Method::POST, "/api/datasources", Some(&desired.body), &action).await? {
                // Either the data source was created meanwhile, or its name exists under another uid. The
                // update fails only in the second case.
                GrafanaResponse { status: 409 | 412, .. } => {
                    self.ask(Method::PUT, &path, Some(&desired.body), &action).await?
                }
                answer => answer,
            },
        };
        good(&answer, &action)?;
        match self.data_source(uid).await? {
            Some(current) if contains(&current, &desired.body) => Ok(()),
            _ => Err(refused(&action, 200, "but the data source differs when read back")),
        }
    }

    /// Returns the dashboard with this uid, if it exists.
    pub async fn dashboard(&self, uid: &str) -> Result<Option<Value>> {
        let action = format!("read dashboard `{uid}`");
        let answer = self.ask(Method::GET, &format!("/api/dashboards/uid/{uid}"), None, &action).await?;
        Ok(found(answer, &action)?.map(|mut body| taken(&mut body, "dashboard")))
    }

    /// Imports the dashboard if `current`, Grafana's current one, differs. Returns the dashboard as read back
    /// by uid.
    pub async fn import_dashboard(
        &self,
        uid: &str,
        desired: &Value,
        current: Option<Value>,
    ) -> Result<Value> {
        let action = format!("import dashboard `{uid}`");
        if let Some(current) = current.filter(|current| contains(current, desired)) {
            return Ok(current);
        }
        let body = json!({"dashboard": desired, "overwrite": true, "message": "tdd-stack"});
        let answer = self.ask(Method::POST, "/api/dashboards/db", Some(&body), &action).await?;
        // With `overwrite`, 409 and 412 mean that another client writes at the same time. Reading back decides.
        if !matches!(answer.status, 409 | 412) {
            good(&answer, &action)?;
        }
        // The dashboard is read by uid, because the search is only eventually consistent.
        match self.dashboard(uid).await? {
            Some(current) if contains(&current, desired) => Ok(current),
            _ => Err(refused(&action, answer.status, "but the dashboard differs when read back")),
        }
    }

    /// Returns how many series a panel's queries return through Grafana, as when it draws the panel.
    pub async fn series(&self, panel: &Panel, data_source: &str) -> Result<usize> {
        let action = format!("query panel `{}`", panel.title);
        let queries: Vec<Value> = panel.queries.iter().map(|query| query_body(query, data_source)).collect();
        let body = json!({"from": "now-1h", "to": "now", "queries": queries});
        let answer = self.ask(Method::POST, "/api/ds/query", Some(&body), &action).await?;
        if answer.status != 200 {
            let mut results =
                answer.body["results"].as_object().into_iter().flat_map(|results| results.values());
            let reason = results.find_map(|result| result["error"].as_str());
            return Err(refused(&action, answer.status, reason.unwrap_or(&message(&answer.body))));
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
        action: &str,
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
        let response = self.http.send(request).await.map_err(Error::http(action))?;
        let status = response.status().as_u16();
        if status == 401 {
            self.http.login_refused.store(true, Ordering::Relaxed);
            return Err(self.login_refused());
        }
        // The body of an error may be empty or HTML. The status is sufficient.
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

fn found(answer: GrafanaResponse, action: &str) -> Result<Option<Value>> {
    if answer.status == 404 {
        return Ok(None);
    }
    good(&answer, action)?;
    Ok(Some(answer.body))
}

fn good(answer: &GrafanaResponse, action: &str) -> Result<()> {
    if answer.status == 200 { Ok(()) } else { Err(refused(action, answer.status, &message(&answer.body))) }
}

fn refused(action: &str, status: u16, message: &str) -> Error {
    Error::Grafana { doing: action.to_string(), status, message: message.to_string() }
}

fn message(body: &Value) -> String {
    body["message"].as_str().unwrap_or_default().to_string()
}
