//! Data in a running stack that must survive: samples, a silence, a dashboard, a data source and the password.
//!
//! The tests query the services themselves, never the program.

use serde_json::{Value, json};

use crate::http::{self, Answer, Login};
use crate::scenario::{Scenario, eventually, text};

/// The series whose samples are counted; one scrape writes all of them.
const SERIES: &str = "node_cpu_seconds_total{job=\"node-exporter\"}";
/// The uid of a dashboard and a data source that only a user can have created.
const UID: &str = "retained";

/// The data that was put into a stack.
#[derive(Debug)]
pub struct RetainedData {
    password: String,
    /// The time of the last counted sample, in seconds.
    time: String,
    samples: String,
    silence: String,
}

impl RetainedData {
    /// Puts data into a ready stack, and waits until Prometheus has samples.
    pub fn put(scenario: &Scenario, password: &str) -> Self {
        let last = || value(scenario, &format!("max(timestamp({SERIES}))"), None);
        let time = eventually("Prometheus has a sample of node-exporter", last, |time| !time.is_empty());
        let samples = count(scenario, &time);
        assert_ne!(samples, "", "no sample is found at {time}");
        let silence = scenario.silence("Retained", "must survive");
        let kept = Self { password: password.into(), time, samples, silence };
        let dashboard =
            json!({"dashboard": {"uid": UID, "title": "Retained", "panels": []}, "overwrite": true});
        let source = json!({"uid": UID, "name": "Retained", "type": "prometheus", "access": "proxy",
            "url": "http://prometheus:9090"});
        for (path, body) in [("/api/dashboards/db", dashboard), ("/api/datasources", source)] {
            let made = kept.grafana(scenario, "POST", path, Some(&body));
            assert_eq!(made.status, 200, "{path}: {}", made.text);
        }
        kept.are_present_in(scenario);
        kept
    }

    /// Asserts that all data is present once the services answer.
    pub fn are_present_in(&self, scenario: &Scenario) {
        let samples = || count(scenario, &self.time);
        eventually("Prometheus has every sample", samples, |samples| *samples == self.samples);
        let silence = || {
            let url = format!("{}/api/v2/silence/{}", scenario.url("alertmanager"), self.silence);
            text(&http::get(&url).json()["status"]["state"])
        };
        eventually("Alertmanager has the silence", silence, |state| state == "active");
        for path in [format!("/api/dashboards/uid/{UID}"), format!("/api/datasources/uid/{UID}")] {
            // Only unavailable answers are retried: repeated wrong passwords would lock the account.
            let ask = || self.grafana(scenario, "GET", &path, None);
            let answer = eventually("Grafana answers", ask, |answer| ![0, 502, 503].contains(&answer.status));
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        }
    }

    fn grafana(&self, scenario: &Scenario, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let login = Login { user: "admin", password: &self.password };
        http::request(method, &format!("{}{path}", scenario.url("grafana")), Some(login), body)
    }
}

/// Returns the number of samples up to a time, or an empty text without a result.
fn count(scenario: &Scenario, time: &str) -> String {
    value(scenario, &format!("sum(count_over_time({SERIES}[1h]))"), Some(time))
}

/// Returns the only value of a query at a time, or now.
fn value(scenario: &Scenario, query: &str, time: Option<&str>) -> String {
    let escaped: Vec<String> = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = escaped.concat();
    let time = time.map(|time| format!("&time={time}")).unwrap_or_default();
    text(&scenario.prometheus(&format!("query?query={escaped}{time}"))["result"][0]["value"][1])
}
