//! A parsed call to the engine.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Query, Request};
use axum::http::{Method, Uri};
use hyper::upgrade::OnUpgrade;
use serde_json::Value;

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The segments of the path without the version.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Bytes,
    /// The API version in the path.
    pub(super) version: Option<String>,
    /// Everything before the body.
    pub(super) head: String,
    /// Upgrades the connection to a stream in both directions.
    pub(super) upgrade: Option<OnUpgrade>,
}

impl Call {
    /// Reads a call with its body.
    pub(super) async fn read(mut request: Request) -> Self {
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let (parts, body) = request.into_parts();
        let (version, path) = path(&parts.uri);
        let head = format!("{} {} {:?}", parts.method, parts.uri, parts.headers);
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        Self { method: parts.method, path, query: query(&parts.uri), body, version, head, upgrade }
    }

    /// Returns a query parameter.
    pub(super) fn asked(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Returns the body as JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the call in its recorded form; `name` maps an id to a name. A new network or volume is named in
    /// brackets, because its name is in the body.
    pub(super) fn line(&self, name: impl Fn(&str) -> Option<String>) -> String {
        let path: Vec<String> =
            self.path.iter().map(|part| name(part).unwrap_or_else(|| part.clone())).collect();
        // Empty and false parameters are omitted.
        let asked = self.query.iter().filter(|(_, value)| !["", "false"].contains(&value.as_str()));
        let query: Vec<String> = asked.map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let made = match self.json()["Name"].as_str() {
            Some(name) => format!(" ({name})"),
            None => String::new(),
        };
        format!("{} /{}{mark}{}{made}", self.method, path.join("/"), query.join("&"))
    }
}

fn path(uri: &Uri) -> (Option<String>, Vec<String>) {
    let mut parts: Vec<String> =
        uri.path().split('/').filter(|part| !part.is_empty()).map(ToString::to_string).collect();
    let version = parts.first().and_then(|first| first.strip_prefix('v')).map(ToString::to_string);
    let is_version = version.as_ref().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    if !is_version {
        return (None, parts);
    }
    parts.remove(0);
    (version, parts)
}

fn query(uri: &Uri) -> BTreeMap<String, String> {
    Query::<BTreeMap<String, String>>::try_from_uri(uri).map(|Query(query)| query).unwrap_or_default()
}
