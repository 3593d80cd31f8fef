//! Things put into a running stack that must outlive whatever happens to it: samples, a silence, a dashboard, a data
//! source, and the password under which all that is reached.
//!
//! Never asks the program: the services themselves are asked.

use serde_json::{Value, json};

use crate::http::{self, Answer, Login};
use crate::scenario::{Scenario, eventually, text};

/// The series whose samples are counted. All of them are written at once, by one scrape.
const SERIES: &str = "node_cpu_seconds_total{job=\"node-exporter\"}";
/// A dashboard and a data source that nobody but a user can have made.
const UID: &str = "keepsake";

/// What was put into a stack, and what was found there.
#[derive(Debug)]
pub struct Keepsakes {
    password: String,
    /// When the last of the counted samples was taken, in seconds.
    time: String,
    samples: String,
    silence: String,
}

impl Keepsakes {
    /// Puts things into a stack that is ready and whose Prometheus has something to count soon.
    pub fn put(scenario: &Scenario, password: &str) -> Self {
        let last = || value(scenario, &format!("max(timestamp({SERIES}))"), None);
        let time = eventually("Prometheus has a sample of node-exporter", last, |time| !time.is_empty());
        let samples = count(scenario, &time);
        assert_ne!(samples, "", "no sample is found at {time}");
        let silence = scenario.silence("Keepsake", "must outlive everything");
        let kept = Self { password: password.into(), time, samples, silence };
        let dashboard =
            json!({"dashboard": {"uid": UID, "title": "Keepsake", "panels": []}, "overwrite": true});
        let source = json!({"uid": UID, "name": "Keepsake", "type": "prometheus", "access": "proxy",
            "url": "http://prometheus:9090"});
        for (path, body) in [("/api/dashboards/db", dashboard), ("/api/datasources", source)] {
            let made = kept.grafana(scenario, "POST", path, Some(&body));
            assert_eq!(made.status, 200, "{path}: {}", made.text);
        }
        kept.are_in(scenario);
        kept
    }

    /// Asserts that everything is there, as soon as the services answer.
    pub fn are_in(&self, scenario: &Scenario) {
        let samples = || count(scenario, &self.time);
        eventually("Prometheus has every sample", samples, |samples| *samples == self.samples);
        let silence = || {
            let url = format!("{}/api/v2/silence/{}", scenario.url("alertmanager"), self.silence);
            text(&http::get(&url).json()["status"]["state"])
        };
        eventually("Alertmanager has the silence", silence, |state| state == "active");
        for path in [format!("/api/dashboards/uid/{UID}"), format!("/api/datasources/uid/{UID}")] {
            // A wrong password would lock the account, and is no reason to wait.
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

/// Returns how many samples there are up to a time, empty where Prometheus does not tell.
fn count(scenario: &Scenario, time: &str) -> String {
    value(scenario, &format!("sum(count_over_time({SERIES}[1h]))"), Some(time))
}

/// Returns the one value of a query at a time, or now.
fn value(scenario: &Scenario, query: &str, time: Option<&str>) -> String {
    let escaped: Vec<String> = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = escaped.concat();
    let time = time.map(|time| format!("&time={time}")).unwrap_or_default();
    text(&scenario.prometheus(&format!("query?query={escaped}{time}"))["result"][0]["value"][1])
}
