//! Grafana: one organisation, basic authentication, data sources and dashboards by uid.
//!
//! It answers like Grafana 9.4 to 13 where they agree, and like the classic storage where they differ.

use base64::Engine as _;
use serde_json::{Value, json};

use super::ask::{Ask, Reply};
use super::grafana_store::grafana_store;
use crate::Fault;
use crate::state::{GrafanaStore, State};

/// Wrong tries after which even the right password is rejected.
const TRIES: u32 = 5;

pub(super) fn reply(state: &mut State, container: &str, ask: &Ask) -> Reply {
    if ask.path == "/api/health" {
        return Reply::json(200, json!({"database": "ok", "version": "13.1.7", "commit": "0"}));
    }
    let upstream_error = upstream_error(state, container);
    let Some(store) = grafana_store(state, container) else {
        return message(500, "the database cannot be opened");
    };
    if let Some(refusal) = store.refuse(ask) {
        return refusal;
    }
    let body: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let path: Vec<&str> = ask.path.split('/').skip(2).collect();
    match (ask.method.as_str(), path.as_slice()) {
        ("GET", ["org"]) => Reply::json(200, json!({"id": 1, "name": "Main Org."})),
        ("POST", ["datasources"]) => store.add_data_source(body),
        ("GET", ["datasources", "uid", uid]) => match store.data_sources.get(*uid) {
            Some(found) => Reply::json(200, found.clone()),
            None => message(404, "Data source not found"),
        },
        ("PUT", ["datasources", "uid", uid]) => store.update_data_source(uid, body),
        ("GET", ["datasources", "uid", uid, "health"]) => store.health(uid, upstream_error),
        ("GET", ["dashboards", "uid", uid]) => store.dashboard(uid),
        ("POST", ["dashboards", "db"]) => store.save_dashboard(&body),
        ("POST", ["ds", "query"]) => query(&body, upstream_error.as_deref()),
        _ => message(404, "Not found"),
    }
}

impl GrafanaStore {
    fn refuse(&mut self, ask: &Ask) -> Option<Reply> {
        let Some(given) = &ask.authorization else { return Some(message(401, "Unauthorized")) };
        let login = format!("admin:{}", self.password.as_deref().unwrap_or_default());
        let right = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
        if *given == right && self.wrong_tries < TRIES {
            return None;
        }
        self.wrong_tries += 1;
        Some(message(401, "Invalid username or password"))
    }

    fn add_data_source(&mut self, body: Value) -> Reply {
        let Some(name) = body["name"].as_str() else { return message(400, "bad request data") };
        let uid = body["uid"].as_str().unwrap_or("generated").to_string();
        if self.data_sources.values().any(|found| found["name"] == name) {
            return message(409, "data source with the same name already exists");
        }
        if self.data_sources.contains_key(&uid) {
            return message(409, "data source with the same uid already exists");
        }
        let found = described(body, self.data_sources.len() + 1);
        let answer = json!({
            "id": found["id"], "name": found["name"], "message": "Datasource added", "datasource": found,
        });
        self.data_sources.insert(uid, found);
        Reply::json(200, answer)
    }

    fn update_data_source(&mut self, uid: &str, body: Value) -> Reply {
        let Some(found) = self.data_sources.get_mut(uid) else {
            return message(404, "Data source not found");
        };
        if found["readOnly"] == true {
            return message(403, "Cannot update read-only data source");
        }
        let id = found["id"].as_u64().unwrap_or_default();
        *found = described(body, usize::try_from(id).unwrap_or_default());
        let answer =
            json!({"id": id, "name": found["name"], "message": "Datasource updated", "datasource": found});
        Reply::json(200, answer)
    }

    fn health(&self, uid: &str, upstream_error: Option<String>) -> Reply {
        match (self.data_sources.contains_key(uid), upstream_error) {
            (false, _) => message(500, "Unable to load datasource metadata"),
            (true, Some(error)) => Reply::json(400, json!({"status": "ERROR", "message": error})),
            (true, None) => Reply::json(
                200,
                json!({"status": "OK", "message": "Successfully queried the Prometheus API."}),
            ),
        }
    }

    fn dashboard(&self, uid: &str) -> Reply {
        let Some(found) = self.dashboards.get(uid) else { return message(404, "Dashboard not found") };
        let meta = json!({
            "type": "db", "slug": "main", "url": format!("/d/{uid}/main"), "version": found["version"],
            "folderTitle": "General", "provisioned": false,
        });
        Reply::json(200, json!({"meta": meta, "dashboard": found}))
    }

    fn save_dashboard(&mut self, body: &Value) -> Reply {
        let mut dashboard = body["dashboard"].clone();
        if !dashboard.is_object() {
            return message(400, "bad request data");
        }
        if dashboard["title"].as_str().is_none_or(str::is_empty) {
            return message(400, "Dashboard title cannot be empty");
        }
        let uid = dashboard["uid"].as_str().unwrap_or("generated").to_string();
        let known = self.dashboards.get(&uid).and_then(|found| found["version"].as_u64());
        if known.is_some() && body["overwrite"] != true {
            let text = "The dashboard has been changed by someone else";
            return Reply::json(412, json!({"message": text, "status": "version-mismatch"}));
        }
        let version = known.unwrap_or_default() + 1;
        dashboard["id"] = json!(self.dashboards.len() + 1);
        dashboard["version"] = json!(version);
        let answer = json!({
            "id": dashboard["id"], "uid": uid, "slug": "main", "status": "success", "version": version,
            "url": format!("/d/{uid}/main"), "folderUid": "",
        });
        self.dashboards.insert(uid, dashboard);
        Reply::json(200, answer)
    }
}

/// Returns a data source in Grafana's form: the saved body with Grafana's additions.
fn described(body: Value, id: usize) -> Value {
    let mut found = json!({
        "id": id, "orgId": 1, "typeLogoUrl": "", "user": "", "database": "", "basicAuth": false,
        "basicAuthUser": "", "withCredentials": false, "isDefault": false, "jsonData": {},
        "secureJsonFields": {}, "version": 1, "readOnly": false,
    });
    if let (Some(found), Value::Object(sent)) = (found.as_object_mut(), body) {
        found.extend(sent);
    }
    found
}

/// Returns the error of requests to Prometheus, if it is unreachable.
fn upstream_error(state: &State, container: &str) -> Option<String> {
    let network = state.container(container).map(|found| found.network.clone()).unwrap_or_default();
    if let Some(Fault::DataSourceSays(words)) = state.fault {
        return Some(words.into());
    }
    if state.fault == Some(Fault::DataSourceDown) || !state.resolves(&network, "prometheus") {
        let host = "lookup prometheus on 127.0.0.11:53: no such host";
        return Some(format!("{host} - There was an error returned querying the Prometheus API."));
    }
    None
}

/// Returns one series for each query.
fn query(body: &Value, upstream_error: Option<&str>) -> Reply {
    let queries = body["queries"].as_array().cloned().unwrap_or_default();
    let result = |query: &Value| {
        let ref_id = query["refId"].as_str().unwrap_or("A").to_string();
        let value = match upstream_error {
            Some(error) => json!({"error": error, "errorSource": "downstream", "status": 502, "frames": []}),
            None => json!({"status": 200, "frames": [{
                "schema": {"refId": ref_id, "fields": [{"name": "Time"}, {"name": "Value"}]},
                "data": {"values": [[1_700_000_000_000_u64], [1]]},
            }]}),
        };
        (ref_id, value)
    };
    let results: serde_json::Map<String, Value> = queries.iter().map(result).collect();
    Reply::json(if upstream_error.is_some() { 400 } else { 200 }, json!({"results": results}))
}

fn message(status: u16, text: &str) -> Reply {
    Reply::json(status, json!({"message": text}))
}
