//! Prometheus: its configuration applied to the containers that it can reach.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::ask::Reply;
use crate::Fault;
use crate::shapes::moment;
use crate::state::State;

pub(super) fn reply(state: &State, container: &str, path: &str) -> Reply {
    let loaded = state.container(container).map(|found| found.loaded.clone()).unwrap_or_default();
    let data = match path {
        "/-/ready" => return Reply::text(200, "Prometheus Server is Ready.\n"),
        "/metrics" => return Reply::text(200, reload_metrics(state, container, "prometheus")),
        "/api/v1/targets" => {
            json!({"activeTargets": targets(state, container, &loaded), "droppedTargets": []})
        }
        // Only the alerts of `rules` are pending or firing.
        "/api/v1/alerts" => json!({"alerts": []}),
        "/api/v1/rules" => json!({"groups": groups(state, &loaded)}),
        "/api/v1/alertmanagers" => json!({"activeAlertmanagers": alertmanagers(state, container, &loaded)}),
        "/api/v1/status/runtimeinfo" => {
            let started = state.container(container).and_then(|found| found.started);
            json!({"startTime": moment(started.unwrap_or_else(SystemTime::now))})
        }
        "/api/v1/status/config" => json!({"yaml": loaded.get("prometheus.yml")}),
        _ => return Reply::text(404, "404 page not found"),
    };
    Reply::json(200, json!({"status": "success", "data": data}))
}

/// Returns the names of the firing alerts that are sent to an Alertmanager.
pub(super) fn sent(state: &State, container: &str, loaded: &BTreeMap<String, String>) -> Vec<String> {
    if alertmanagers(state, container, loaded).is_empty() {
        return Vec::new();
    }
    let groups = groups(state, loaded);
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().into_iter().flatten());
    rules
        .filter(|rule| rule["state"] == "firing")
        .filter_map(|rule| rule["name"].as_str().map(String::from))
        .collect()
}

/// Returns the metrics of a service's last reload.
pub(super) fn reload_metrics(state: &State, container: &str, prefix: &str) -> String {
    let reload = state.container(container).map(|found| found.reload).unwrap_or_default();
    format!(
        "# TYPE {prefix}_config_last_reload_successful gauge\n\
         {prefix}_config_last_reload_successful {}\n\
         # TYPE {prefix}_config_last_reload_success_timestamp_seconds gauge\n\
         {prefix}_config_last_reload_success_timestamp_seconds {:e}\n",
        u8::from(reload.successful),
        reload.seconds
    )
}

fn targets(state: &State, container: &str, loaded: &BTreeMap<String, String>) -> Vec<Value> {
    let configuration = yaml(loaded.get("prometheus.yml"));
    let jobs = configuration["scrape_configs"].as_array().cloned().unwrap_or_default();
    let mut targets = Vec::new();
    for job in &jobs {
        let name = job["job_name"].as_str().unwrap_or_default();
        let path = job["metrics_path"].as_str().unwrap_or("/metrics");
        for address in addresses(&job["static_configs"]) {
            let url = format!("http://{address}{path}");
            let error = scrape_error(state, container, name, &address);
            targets.push(json!({
                "labels": {"job": name, "instance": address},
                "scrapePool": name,
                "scrapeUrl": url,
                "lastError": error.as_ref().map(|error| format!("Get \"{url}\": {error}")).unwrap_or_default(),
                "health": if error.is_some() { "down" } else { "up" },
            }));
        }
    }
    targets
}

fn scrape_error(state: &State, container: &str, job: &str, address: &str) -> Option<String> {
    if matches!(state.fault, Some(Fault::TargetDown(down)) if down == job) {
        return Some("context deadline exceeded".into());
    }
    let host = address.split(':').next().unwrap_or_default();
    let found = host == "localhost" || reaches(state, container, host);
    (!found).then(|| format!("dial tcp: lookup {host} on 127.0.0.11:53: no such host"))
}

fn groups(state: &State, loaded: &BTreeMap<String, String>) -> Vec<Value> {
    let configuration = yaml(loaded.get("prometheus.yml"));
    let files = configuration["rule_files"].as_array().cloned().unwrap_or_default();
    let mut groups = Vec::new();
    for file in files.iter().filter_map(Value::as_str) {
        for group in yaml(loaded.get(file))["groups"].as_array().cloned().unwrap_or_default() {
            let rules = group["rules"].as_array().cloned().unwrap_or_default();
            let rules: Vec<Value> = rules.iter().map(|rule| evaluated(state, rule)).collect();
            groups.push(json!({"name": group["name"], "file": file, "rules": rules}));
        }
    }
    groups
}

fn evaluated(state: &State, rule: &Value) -> Value {
    let (name, kind) = match rule["alert"].as_str() {
        Some(alert) => (alert, "alerting"),
        None => (rule["record"].as_str().unwrap_or_default(), "recording"),
    };
    let fails = matches!(state.fault, Some(Fault::RuleFails(failing)) if failing == name);
    // The watchdog always fires, to prove that alerts are delivered.
    let firing = name == "Watchdog";
    json!({
        "name": name,
        "type": kind,
        "state": if firing { "firing" } else { "inactive" },
        "health": if fails { "err" } else { "ok" },
        "lastError": if fails { "found duplicate series for the match group" } else { "" },
    })
}

fn alertmanagers(state: &State, container: &str, loaded: &BTreeMap<String, String>) -> Vec<Value> {
    let configuration = yaml(loaded.get("prometheus.yml"));
    let configured = configuration["alerting"]["alertmanagers"].as_array().cloned().unwrap_or_default();
    let all = configured.iter().flat_map(|one| addresses(&one["static_configs"]));
    let found =
        all.filter(|address| reaches(state, container, address.split(':').next().unwrap_or_default()));
    found.map(|address| json!({"url": format!("http://{address}/api/v2/alerts")})).collect()
}

fn reaches(state: &State, container: &str, host: &str) -> bool {
    state.container(container).is_some_and(|found| state.resolves(&found.network, host))
}

fn addresses(static_configs: &Value) -> Vec<String> {
    let configs = static_configs.as_array().cloned().unwrap_or_default();
    let targets = configs.iter().flat_map(|config| config["targets"].as_array().cloned().unwrap_or_default());
    targets.filter_map(|target| target.as_str().map(String::from)).collect()
}

fn yaml(text: Option<&String>) -> Value {
    text.and_then(|text| serde_yaml::from_str(text).ok()).unwrap_or_default()
}
