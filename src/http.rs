//! HTTP requests to the services. Only this file and the files below it name reqwest.
#![expect(clippy::disallowed_types, reason = "reqwest is used only here")]

mod alertmanager;
mod body;
mod demo;
mod grafana;
mod probe;
mod prometheus;
mod transcript;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::Value;

pub use alertmanager::AlertmanagerClient;
pub use demo::DemoControl;
pub use grafana::{GrafanaClient, PROMETHEUS_PAUSED};
pub use prometheus::{ActiveTarget, PrometheusClient, ReloadState, Rule, Runtime};

use crate::error::chain::root_cause;
use crate::error::{Error, Result, Source};
use crate::model::observed::Readiness;
use crate::model::stack::{Expect, Probe};

/// The time limit of a request: a service answers in milliseconds, a query of a panel may take seconds.
const ANSWER: Duration = Duration::from_secs(10);

/// An HTTP client for the ports of the services.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    /// Whether Grafana has refused the login. It is not tried again then: five wrong tries lock the account.
    login_refused: Arc<AtomicBool>,
    transcript: transcript::Transcript,
}

impl Http {
    /// Creates the client.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            // A proxy from the environment would receive the requests to 127.0.0.1 too.
            .no_proxy()
            .connect_timeout(Duration::from_secs(2))
            .timeout(ANSWER)
            // Grafana redirects to its login page, which would look like success.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::http("set up the HTTP client"))?;
        Ok(Self { client, login_refused: Arc::default(), transcript: transcript::Transcript::default() })
    }

    /// Requests a service's probe once and returns whether the service is ready.
    pub async fn probe(&self, base: &str, probe: Probe) -> Readiness {
        let url = format!("{base}{}", probe.path);
        let response = match self.send(self.client.get(&url)).await {
            Ok(response) => response,
            Err(error) => return Readiness::NotReady(in_short(&error)),
        };
        let status = response.status().as_u16();
        if status != 200 {
            return Readiness::NotReady(format!("answers {status}"));
        }
        if probe.expect == Expect::Ok {
            return Readiness::Ready;
        }
        match body::json(response).await {
            Ok(body) if body["database"] == "ok" => Readiness::Ready,
            Ok(body) => Readiness::NotReady(format!("reports database status {}", body["database"])),
            Err(error) => Readiness::NotReady(format!("returns invalid JSON: {error}")),
        }
    }
}

/// Returns the innermost cause, which is the most specific one: `Connection refused (os error 111)`.
fn in_short(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "does not answer in time".into();
    }
    format!("does not answer: {}", root_cause(error))
}

/// Returns the body of a successful answer, or an error with the status and the first 200 characters of the
/// body.
async fn json(
    action: &str,
    response: std::result::Result<transcript::Response, reqwest::Error>,
) -> Result<Value> {
    let response = response.map_err(Error::http(action))?;
    let status = response.status();
    if !status.is_success() {
        let text: String = body::text(response).await.unwrap_or_default().chars().take(200).collect();
        let source: Source = format!("the server answered {status}: {text}").into();
        return Err(Error::http(action)(source));
    }
    body::json(response).await.map_err(Error::http(action))
}

/// Takes the value of a key out of an object. Returns null if the key is missing or `value` is not an object.
fn taken(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// Returns the entries of an object whose values are texts, such as labels, in their order.
fn pairs(map: &Value) -> Vec<(String, String)> {
    map.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn taken_returns_null_for_a_missing_key() {
        for mut odd in [json!("text"), json!(1), json!([1]), json!(null), json!({"other": 1})] {
            assert_eq!(taken(&mut odd, "data"), Value::Null);
        }
        assert_eq!(taken(&mut json!({"data": [1]}), "data"), json!([1]));
    }
}
