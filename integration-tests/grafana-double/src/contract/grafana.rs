//! The Grafana that is checked.
//!
//! Redirects are not followed: `/api` has none, and others lead to the login page.
#![expect(clippy::disallowed_types, reason = "the contract's only HTTP client")]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::answer::{Answer, Violation};
use crate::Flavour;
use crate::state::uid::random;

/// A Grafana, and permissions for the check.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Its address, such as `http://127.0.0.1:3000`.
    pub base: String,
    /// A server administrator's name.
    pub user: String,
    /// The password.
    pub password: String,
    /// A Prometheus' address, as seen by this Grafana.
    pub prometheus: Option<String>,
    /// The uid of a data source from a file.
    pub read_only_data_source: Option<String>,
    /// The uid of a dashboard from a file.
    pub provisioned_dashboard: Option<String>,
    /// Whether the login may be locked.
    pub may_lock_out: bool,
    /// The required flavour; `None` tolerates differences between releases.
    pub flavour: Option<Flavour>,
}

/// A client for one Grafana.
#[derive(Debug)]
pub struct Grafana {
    /// The Grafana.
    pub target: Target,
    client: Client,
    made: Mutex<Vec<String>>,
}

/// The login of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum As<'a> {
    Anonymous,
    Target,
    User(&'a str, &'a str),
}

impl Grafana {
    /// Returns a client.
    pub fn new(target: Target) -> Result<Self, Violation> {
        let limit = Duration::from_secs(30);
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(limit).build();
        let client =
            client.map_err(|error| Violation::new(format!("cannot make an HTTP client: {error}")))?;
        Ok(Self { target, client, made: Mutex::new(Vec::new()) })
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Result<Answer, Violation> {
        self.ask(Method::GET, path, As::Target, None).await
    }

    /// Sends a POST request.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Violation> {
        self.ask(Method::POST, path, As::Target, Some(body)).await
    }

    /// Sends a PUT request.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, Violation> {
        self.ask(Method::PUT, path, As::Target, Some(body)).await
    }

    /// Sends a DELETE request.
    pub async fn delete(&self, path: &str) -> Result<Answer, Violation> {
        self.ask(Method::DELETE, path, As::Target, None).await
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        who: As<'_>,
        body: Option<&Value>,
    ) -> Result<Answer, Violation> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.target.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(&method, path, self.signed(request, who)).await
    }

    /// Sends a text that is not declared as JSON.
    pub(super) async fn post_plain(&self, path: &str, text: &str) -> Result<Answer, Violation> {
        let request = self.client.post(format!("{}{path}", self.target.base)).body(text.to_string());
        self.send(&Method::POST, path, self.signed(request, As::Target)).await
    }

    /// Registers a path for deletion after the assertion.
    pub(super) fn made(&self, path: impl Into<String>) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
    }

    pub(super) async fn clean_up(&self) {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        for path in made.iter().rev() {
            // The object may be deleted already.
            drop(self.delete(path).await);
        }
    }

    /// Returns whether this is the double, which is checked strictly.
    pub(super) fn is_strict(&self) -> bool {
        self.target.flavour.is_some()
    }

    fn signed(&self, request: RequestBuilder, who: As<'_>) -> RequestBuilder {
        match who {
            As::Anonymous => request,
            As::Target => request.basic_auth(&self.target.user, Some(&self.target.password)),
            As::User(user, password) => request.basic_auth(user, Some(password)),
        }
    }

    async fn send(&self, method: &Method, path: &str, request: RequestBuilder) -> Result<Answer, Violation> {
        let named = |error: reqwest::Error| {
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(deeper) = cause {
                reason = format!("{reason}: {deeper}");
                cause = deeper.source();
            }
            Violation::new(format!("{method} {path}: {reason}"))
        };
        let response = request.send().await.map_err(named)?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_string();
        let text = response.text().await.map_err(named)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { request: format!("{method} {path}"), status, content_type, text, body })
    }
}

/// Returns a unique name.
pub(super) fn unique(kind: &str) -> String {
    format!("contract-{kind}-{:08x}", random() >> 32)
}
