//! The control of a running demo, and pages of metrics as they are.

use serde_json::{Value, json};

use super::{Http, json as body};
use crate::error::{Error, Result, Source};

/// A client for the demo at one control port.
#[derive(Clone, Debug)]
pub struct DemoControl<'a> {
    http: &'a Http,
    base: String,
    header: (&'static str, &'static str),
}

impl<'a> DemoControl<'a> {
    /// Returns a client for the demo whose control is at `base`; `header` is what it wants to see.
    pub fn new(http: &'a Http, base: impl Into<String>, header: (&'static str, &'static str)) -> Self {
        Self { http, base: base.into(), header }
    }

    /// Asks for another scenario, and returns the demo's state after it.
    pub async fn set(&self, scenario: &str) -> Result<Value> {
        let doing = format!("set scenario `{scenario}`");
        let url = format!("{}/scenario", self.base);
        let request = self.http.client.post(url).header(self.header.0, self.header.1);
        match self.http.send(request.json(&json!({"scenario": scenario}))).await {
            Err(error) if error.is_connect() => {
                Err(Error::NoDemo { url: self.base.clone(), source: error.into() })
            }
            answer => body(&doing, answer).await,
        }
    }
}

impl Http {
    /// Returns a page as it is.
    pub async fn page(&self, url: &str) -> Result<String> {
        let doing = || format!("read {url}");
        let answer = self.send(self.client.get(url)).await.map_err(Error::http(doing()))?;
        let status = answer.status();
        if !status.is_success() {
            let source: Source = format!("the answer is {status}").into();
            return Err(Error::http(doing())(source));
        }
        super::body::text(answer).await.map_err(Error::http(doing()))
    }
}
