//! Data sources: the rules of adding, changing and removing them.
//!
//! Never keeps a secret's value: what the double asks needs none, so only the names of secrets are remembered.

mod handlers;
mod health;
mod proxy;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::state::State;
use super::uid;

pub(crate) use handlers::{add, by_name, by_uid, id_by_name, list, remove_by_name, remove_by_uid, update};
pub(crate) use health::health;
pub(crate) use proxy::{proxy, proxy_root};

/// The one type that the double can ask.
pub(crate) const PROMETHEUS: &str = "prometheus";

/// A data source as it is remembered.
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
    /// Made by a client, or by a file that says `editable: true`.
    #[default]
    Allowed,
    /// Made by a file.
    ReadOnly,
}

/// What a client or a file wants a data source to be.
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
    /// Returns the form that clients see.
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

    fn take(&mut self, wanted: Wanted) {
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

/// Adds a data source.
pub(crate) fn insert(state: &mut State, wanted: Wanted, editing: Editing) -> Result<DataSource, Answer> {
    check(&wanted)?;
    let conflict = |message: &str| Err(Answer::error(StatusCode::CONFLICT, message));
    if state.data_sources.iter().any(|known| known.name == wanted.name) {
        return conflict("data source with the same name already exists");
    }
    if !wanted.uid.is_empty() && state.data_sources.iter().any(|known| known.uid == wanted.uid) {
        return conflict("data source with the same uid already exists");
    }
    state.last_data_source_id += 1;
    let uid = if wanted.uid.is_empty() { uid::generate('b') } else { wanted.uid.clone() };
    let mut added =
        DataSource { id: state.last_data_source_id, uid, version: 1, editing, ..DataSource::default() };
    added.take(wanted);
    keep_one_default(state, &added);
    state.data_sources.push(added.clone());
    Ok(added)
}

/// Changes the data source of that number.
pub(crate) fn change(
    state: &mut State,
    id: u64,
    wanted: Wanted,
    editing: Editing,
) -> Result<DataSource, Answer> {
    check(&wanted)?;
    let others = || state.data_sources.iter().filter(|known| known.id != id);
    let conflict = |message: &str| Err(Answer::error(StatusCode::CONFLICT, message));
    if others().any(|known| known.name == wanted.name) {
        return conflict("Failed to update datasource: data source with the same name already exists");
    }
    if others().any(|known| known.uid == wanted.uid) {
        return conflict("Failed to update datasource: data source with the same uid already exists");
    }
    let known = state.data_sources.iter_mut().find(|known| known.id == id).ok_or_else(not_found)?;
    if wanted.version != 0 && wanted.version != known.version {
        return conflict("Datasource has already been updated by someone else. Please reload and try again");
    }
    known.version = wanted.version + 1;
    known.editing = editing;
    if !wanted.uid.is_empty() {
        known.uid.clone_from(&wanted.uid);
    }
    known.take(wanted);
    let changed = known.clone();
    keep_one_default(state, &changed);
    Ok(changed)
}

/// Returns the URL that the double asks, or `None` if it is no URL.
pub(crate) fn base_url(url: &str) -> Option<Url> {
    // Grafana puts the scheme before a URL that has none.
    let text = if url.contains("://") { url.to_string() } else { format!("http://{url}") };
    Url::parse(&text).ok()
}

/// The answer to a data source that is not there.
pub(crate) fn not_found() -> Answer {
    Answer::message(StatusCode::NOT_FOUND, "Data source not found")
}

fn check(wanted: &Wanted) -> Result<(), Answer> {
    if wanted.name.is_empty() || wanted.kind.is_empty() || wanted.access.is_empty() {
        return Err(Answer::bad_request_data());
    }
    if !wanted.url.is_empty() && base_url(&wanted.url).is_none() {
        return Err(Answer::error(StatusCode::BAD_REQUEST, "Validation error, invalid URL"));
    }
    Ok(())
}

fn keep_one_default(state: &mut State, newest: &DataSource) {
    if newest.is_default {
        for other in state.data_sources.iter_mut().filter(|known| known.id != newest.id) {
            other.is_default = false;
        }
    }
}

#[cfg(test)]
mod tests;
