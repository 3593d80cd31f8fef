//! Queries a data source's Prometheus through its HTTP API.
//!
//! The client's credentials are not forwarded; redirects and proxies of the environment are not used.
#![expect(clippy::disallowed_types, reason = "the double's only HTTP client")]

pub(crate) mod series;

use std::error::Error;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value;

use crate::state::data_source::{DataSource, base_url};
use series::Found;

/// Grafana's time limit of a query.
const QUERY_LIMIT: Duration = Duration::from_mins(1);

/// The time limit of Grafana's data source proxy.
const PROXY_LIMIT: Duration = Duration::from_secs(30);

/// A client for every Prometheus.
#[derive(Clone, Debug)]
pub(crate) struct Prometheus {
    client: Client,
}

/// A time range and its step, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) step: u64,
}

/// The reason for a missing result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The status that Grafana reports for it.
    pub(crate) status: StatusCode,
    /// The reason.
    pub(crate) message: String,
}

/// A request to forward.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

/// An answer to return.
#[derive(Clone, Debug)]
pub(crate) struct PassedBack {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

impl Prometheus {
    /// Returns a client.
    pub(crate) fn new() -> Result<Self, String> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build();
        Ok(Self { client: client.map_err(|error| format!("cannot make an HTTP client: {error}"))? })
    }

    /// Queries the value at one moment.
    pub(crate) async fn instant(&self, source: &DataSource, expr: &str, at_ms: u64) -> Result<Found, Fault> {
        self.ask(source, "api/v1/query", &[("query", expr.to_string()), ("time", seconds(at_ms))]).await
    }

    /// Queries the values over a range.
    pub(crate) async fn range(&self, source: &DataSource, expr: &str, range: Range) -> Result<Found, Fault> {
        let parameters = [
            ("query", expr.to_string()),
            ("start", seconds(range.start)),
            ("end", seconds(range.end)),
            ("step", seconds(range.step)),
        ];
        self.ask(source, "api/v1/query_range", &parameters).await
    }

    /// Forwards a request unchanged.
    pub(crate) async fn pass(&self, source: &DataSource, passed: Passed) -> Result<PassedBack, Fault> {
        let mut url = below(source, &passed.path)?;
        url.set_query(passed.query.as_deref());
        let mut request = self.client.request(passed.method, url).timeout(PROXY_LIMIT).body(passed.body);
        if let Some(kind) = passed.content_type {
            request = request.header(CONTENT_TYPE, kind);
        }
        let response = request.send().await.map_err(|error| fault("Get", &error))?;
        let status = response.status();
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        let body = response.bytes().await.map_err(|error| fault("Get", &error))?;
        Ok(PassedBack { status, content_type, body })
    }

    async fn ask(
        &self,
        source: &DataSource,
        path: &str,
        parameters: &[(&str, String)],
    ) -> Result<Found, Fault> {
        let url = below(source, path)?;
        let by_get = source.json_data.get("httpMethod").and_then(Value::as_str) == Some("GET");
        let verb = if by_get { "Get" } else { "Post" };
        let request =
            if by_get { self.client.get(url).query(parameters) } else { self.form(url, parameters) };
        let response = request.timeout(QUERY_LIMIT).send().await.map_err(|error| fault(verb, &error))?;
        read(response).await
    }

    fn form(&self, url: Url, parameters: &[(&str, String)]) -> RequestBuilder {
        let mut encoder = url.clone();
        encoder.query_pairs_mut().clear().extend_pairs(parameters);
        let body = encoder.query().unwrap_or_default().to_string();
        self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }
}

async fn read(response: Response) -> Result<Found, Fault> {
    let status = response.status();
    let bytes = response.bytes().await.map_err(|error| fault("Post", &error))?;
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(body) => series::read(&body).map_err(|message| Fault { status, message }),
        Err(_) if !status.is_success() => Err(Fault { status, message: status.to_string() }),
        Err(error) => Err(Fault { status, message: format!("the answer is not Prometheus' JSON: {error}") }),
    }
}

fn below(source: &DataSource, path: &str) -> Result<Url, Fault> {
    let no_url = || Fault { status: StatusCode::BAD_GATEWAY, message: "the data source has no URL".into() };
    let mut url =
        Some(source.url.as_str()).filter(|url| !url.is_empty()).and_then(base_url).ok_or_else(no_url)?;
    let whole = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&whole);
    Ok(url)
}

fn fault(verb: &str, error: &reqwest::Error) -> Fault {
    let status = if error.is_timeout() { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let url = error.url().map(Url::as_str).unwrap_or_default();
    Fault { status, message: format!("{verb} \"{url}\": {cause}") }
}

/// Formats milliseconds as seconds for Prometheus.
fn seconds(ms: u64) -> String {
    match ms % 1000 {
        0 => (ms / 1000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1000).trim_end_matches('0').to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_in_seconds() {
        assert_eq!(seconds(15_000), "15");
        assert_eq!(seconds(1_700_000_000_250), "1700000000.25");
        assert_eq!(seconds(5), "0.005");
    }

    #[test]
    fn path_is_appended_to_the_data_source_url() {
        let source = |url: &str| DataSource { url: url.into(), ..DataSource::default() };
        let joined = |url: &str| below(&source(url), "api/v1/query").map(String::from);
        assert_eq!(joined("http://prometheus:9090"), Ok("http://prometheus:9090/api/v1/query".into()));
        assert_eq!(joined("prometheus:9090/base/"), Ok("http://prometheus:9090/base/api/v1/query".into()));
        assert_eq!(joined("").unwrap_err().status, StatusCode::BAD_GATEWAY);
    }
}
