//! Stored data sources and their JSON form.
//!
//! Values of secrets are not stored, because the double does not need them; only their names are.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The only type that the double can query.
pub(crate) const PROMETHEUS: &str = "prometheus";

/// A stored data source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DataSource {
    pub(crate) id: u64,
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) access: String,
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) basic_auth: bool,
    pub(crate) basic_auth_user: String,
    pub(crate) with_credentials: bool,
    pub(crate) is_default: bool,
    pub(crate) json_data: Map<String, Value>,
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) version: i64,
    pub(crate) editing: Editing,
}

/// Whether clients may change a data source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Editing {
    /// Created by a client, or by a file with `editable: true`.
    #[default]
    Allowed,
    /// Created by a file.
    ReadOnly,
}

/// A data source that a client or a file saves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Wanted {
    pub(crate) uid: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) access: String,
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) basic_auth: bool,
    pub(crate) basic_auth_user: String,
    pub(crate) with_credentials: bool,
    pub(crate) is_default: bool,
    pub(crate) json_data: Option<Map<String, Value>>,
    pub(crate) secure_json_data: BTreeMap<String, Value>,
    pub(crate) version: i64,
}

impl DataSource {
    /// Returns the JSON form for clients.
    pub(crate) fn to_json(&self) -> Value {
        let secrets: Map<String, Value> =
            self.secrets.iter().map(|name| (name.clone(), json!(true))).collect();
        json!({
            "id": self.id,
            "uid": self.uid,
            "orgId": 1,
            "name": self.name,
            "type": self.kind,
            "typeLogoUrl": format!("public/app/plugins/datasource/{0}/img/{0}_logo.svg", self.kind),
            "access": self.access,
            "url": self.url,
            "user": self.user,
            "database": self.database,
            "basicAuth": self.basic_auth,
            "basicAuthUser": self.basic_auth_user,
            "withCredentials": self.with_credentials,
            "isDefault": self.is_default,
            "jsonData": self.json_data,
            "secureJsonFields": secrets,
            "version": self.version,
            "readOnly": self.editing == Editing::ReadOnly,
            "apiVersion": "",
        })
    }

    /// Replaces everything except number, uid and version.
    pub(crate) fn take(&mut self, wanted: Wanted) {
        self.name = wanted.name;
        self.kind = wanted.kind;
        self.access = wanted.access;
        self.url = wanted.url;
        self.user = wanted.user;
        self.database = wanted.database;
        self.basic_auth = wanted.basic_auth;
        self.basic_auth_user = wanted.basic_auth_user;
        self.with_credentials = wanted.with_credentials;
        self.is_default = wanted.is_default;
        self.json_data = wanted.json_data.unwrap_or_default();
        // Secrets that are not sent again are kept.
        self.secrets.extend(wanted.secure_json_data.into_keys());
    }
}

/// Returns the URL for queries, or `None` if it is malformed.
pub(crate) fn base_url(url: &str) -> Option<Url> {
    // Grafana adds a missing scheme.
    let text = if url.contains("://") { url.to_string() } else { format!("http://{url}") };
    Url::parse(&text).ok()
}
