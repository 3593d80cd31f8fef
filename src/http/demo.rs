//! The control API of a running demo application, and unparsed pages of metrics.

use serde_json::{Value, json};

use super::{Http, json as body};
use crate::error::{Error, Result, Source};

/// A client for the control port of a demo application.
#[derive(Clone, Debug)]
pub struct DemoControl<'a> {
    http: &'a Http,
    base: String,
    header: (&'static str, &'static str),
}

impl<'a> DemoControl<'a> {
    /// Returns a client for the demo application with its control API at `base`. `header` is the required
    /// header.
    pub fn new(http: &'a Http, base: impl Into<String>, header: (&'static str, &'static str)) -> Self {
        Self { http, base: base.into(), header }
    }

    /// Switches the demo application to another scenario and returns its new state.
    pub async fn set(&self, scenario: &str) -> Result<Value> {
        let action = format!("set scenario `{scenario}`");
        let url = format!("{}/scenario", self.base);
        let request = self.http.client.post(url).header(self.header.0, self.header.1);
        match self.http.send(request.json(&json!({"scenario": scenario}))).await {
            Err(error) if error.is_connect() => {
                Err(Error::NoDemo { url: self.base.clone(), source: error.into() })
            }
            answer => body(&action, answer).await,
        }
    }
}

impl Http {
    /// Returns the body of a page as text.
    pub async fn page(&self, url: &str) -> Result<String> {
        let action = || format!("read {url}");
        let answer = self.send(self.client.get(url)).await.map_err(Error::http(action()))?;
        let status = answer.status();
        if !status.is_success() {
            let source: Source = format!("the server answered {status}").into();
            return Err(Error::http(action())(source));
        }
        super::body::text(answer).await.map_err(Error::http(action()))
    }
}
