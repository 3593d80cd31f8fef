//! Shortens intervals in configuration files for a start or a drill; the original files replace them
//! afterwards.
//!
//! It reads and writes no file: text in, text out. Comments are lost, because only a service reads the
//! result.

use std::time::Duration;

use serde_yaml::{Mapping, Value};

use crate::config::validate;
use crate::model::alert::WATCHDOG;

/// The shortest useful interval: Prometheus' own discovery takes five seconds anyway.
const SECOND: &str = "1s";

/// The keys of intervals in Prometheus' configuration and its rules.
const INTERVALS: [&str; 4] = ["scrape_interval", "scrape_timeout", "evaluation_interval", "interval"];

/// The keys of waits in rules and in Alertmanager's configuration.
const WAITS: [&str; 3] = ["for", "group_wait", "group_interval"];

/// Contents of configuration files, by name.
pub type Files = Vec<(String, String)>;

/// An error in a file whose intervals cannot be shortened.
#[derive(Debug, thiserror::Error)]
#[error("cannot shorten the intervals in `{file}`")]
pub struct OverlayError {
    /// The name of the file.
    pub file: String,
    /// The parser's error.
    pub source: serde_yaml::Error,
}

/// Returns files that make Prometheus healthy within seconds of its start.
///
/// It scrapes and evaluates every second. The watchdog fires as soon as Prometheus has an Alertmanager: an
/// alert sent earlier would be lost and only resent a minute later. Other alerts are unchanged.
pub fn start_up(files: &Files) -> Result<Files, OverlayError> {
    each(files, |document| {
        walk(document, &mut |mapping| {
            every_second(mapping);
            hold_watchdog_back(mapping);
        });
    })
}

/// Returns files with every interval set to one second, and every window and wait divided by a factor, but to
/// at least one second.
pub fn drill(files: &Files, factor: u32) -> Result<Files, OverlayError> {
    each(files, |document| {
        walk(document, &mut |mapping| {
            every_second(mapping);
            for wait in WAITS {
                change(mapping, wait, |text| shorter(text, factor));
            }
            change(mapping, "expr", |expression| Some(with_shorter_windows(expression, factor)));
            hold_watchdog_back(mapping);
        });
    })
}

/// Makes the watchdog fire as soon as Prometheus has an Alertmanager.
fn hold_watchdog_back(mapping: &mut Mapping) {
    if mapping.get("alert").and_then(Value::as_str) == Some(WATCHDOG) {
        mapping.remove("for");
        change(mapping, "expr", |expression| {
            // A sample of a previous Prometheus stays visible for five minutes, so its age is checked.
            let known = "prometheus_notifications_alertmanagers_discovered";
            Some(format!("({expression}) and on () ({known} > 0 and timestamp({known}) > time() - 3)"))
        });
    }
}

/// The ports of a drill's demo application.
#[derive(Clone, Copy, Debug)]
pub struct DrillPorts {
    /// The port that replaces 8501.
    pub health: u16,
    /// The port that replaces 8502, which also serves a simulated host.
    pub metrics: u16,
}

/// Returns files that make Prometheus scrape a demo application and host, and label every alert as a drill.
pub fn drill_files(files: &Files, stage: DrillPorts) -> Result<Files, OverlayError> {
    each(files, |document| {
        let Some(jobs) = document.get_mut("scrape_configs").and_then(Value::as_sequence_mut) else { return };
        for job in jobs.iter_mut().filter_map(Value::as_mapping_mut) {
            redirect(job, "tdd-app:8501", &format!("tdd-app:{}", stage.health));
            redirect(job, "tdd-app:8502", &format!("tdd-app:{}", stage.metrics));
            if job.get("job_name").and_then(Value::as_str) == Some("node-exporter")
                && let Some(targets) = job.get_mut("static_configs").and_then(Value::as_sequence_mut)
            {
                let mut host = Mapping::new();
                host.insert("targets".into(), vec![Value::from(format!("tdd-app:{}", stage.metrics))].into());
                let path: Mapping =
                    [("__metrics_path__".into(), "/node-metrics".into())].into_iter().collect();
                host.insert("labels".into(), Value::Mapping(path));
                targets.push(Value::Mapping(host));
            }
        }
        let global = document.as_mapping_mut().map(|document| mapping_at(document, "global"));
        let labels = global.map(|global| mapping_at(global, "external_labels"));
        labels.map(|labels| labels.insert("drill".into(), "true".into()));
    })
}

/// Returns the mapping under a key; creates it if it is missing.
fn mapping_at<'a>(mapping: &'a mut Mapping, key: &str) -> &'a mut Mapping {
    let value = mapping.entry(key.into()).or_insert(Value::Null);
    if !value.is_mapping() {
        *value = Value::Mapping(Mapping::new());
    }
    value.as_mapping_mut().expect("the value was just made a mapping")
}

fn redirect(job: &mut Mapping, from: &str, to: &str) {
    let groups = job.get_mut("static_configs").and_then(Value::as_sequence_mut).into_iter().flatten();
    let targets = groups.filter_map(|group| group.get_mut("targets")?.as_sequence_mut()).flatten();
    for target in targets.filter(|target| target.as_str() == Some(from)) {
        *target = to.into();
    }
}

fn each(files: &Files, rewrite: impl Fn(&mut Value)) -> Result<Files, OverlayError> {
    let quicker = |(name, text): &(String, String)| {
        let failed = |source| OverlayError { file: name.clone(), source };
        let mut document: Value = serde_yaml::from_str(validate::strip_bom(text)).map_err(failed)?;
        rewrite(&mut document);
        Ok((name.clone(), serde_yaml::to_string(&document).map_err(failed)?))
    };
    files.iter().map(quicker).collect()
}

/// Visits every mapping of a document.
fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Mapping)) {
    match value {
        Value::Mapping(mapping) => {
            visit(mapping);
            mapping.values_mut().for_each(|value| walk(value, visit));
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

fn every_second(mapping: &mut Mapping) {
    for interval in INTERVALS {
        change(mapping, interval, |_| Some(SECOND.to_string()));
    }
    // Jobs without an interval use the default: a minute, with a timeout of ten seconds.
    if mapping.contains_key("scrape_configs") {
        let global = mapping.entry("global".into()).or_insert_with(|| Value::Mapping(Mapping::new()));
        if let Some(global) = global.as_mapping_mut() {
            for interval in &INTERVALS[..3] {
                global.insert((*interval).into(), SECOND.into());
            }
        }
    }
}

/// Changes the text under a key, if it exists.
fn change(mapping: &mut Mapping, key: &str, to: impl FnOnce(&str) -> Option<String>) {
    if let Some(value) = mapping.get_mut(key)
        && let Some(changed) = value.as_str().and_then(to)
    {
        *value = changed.into();
    }
}

fn shorter(text: &str, factor: u32) -> Option<String> {
    let duration = humantime::parse_duration(text).ok()?;
    if duration.is_zero() {
        return None;
    }
    Some(format!("{}s", (duration / factor).max(Duration::from_secs(1)).as_secs()))
}

/// Shortens the windows `[5m]` and `[1h:5m]` of an expression, but not its quoted strings.
fn with_shorter_windows(expression: &str, factor: u32) -> String {
    let mut quote: Option<char> = None;
    let mut result = String::new();
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '[' => {
                if let Some((window, after)) = rest[1..].split_once(']') {
                    let part = |part: &str| shorter(part.trim(), factor).unwrap_or_else(|| part.to_string());
                    let parts: Vec<String> = window.split(':').map(part).collect();
                    result.extend(["[", &parts.join(":"), "]"]);
                    rest = after;
                    continue;
                }
            }
            _ => {}
        }
        result.push(c);
        rest = &rest[c.len_utf8()..];
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(name: &str, text: &str) -> Files {
        vec![(name.to_string(), text.to_string())]
    }

    const RULES: &str = "groups:\n- name: g\n  interval: 15s\n  rules:\n  - alert: Watchdog\n    expr: vector(1)\n    for: 15s\n  - alert: X\n    expr: increase(x{a=\"[5m]\"}[5m]) > 5\n    for: 2m\n";

    #[test]
    fn start_up_scrapes_and_evaluates_every_second() {
        let config = "global: {scrape_interval: 15s}\nscrape_configs:\n- job_name: a\n  scrape_interval: 30s\n  scrape_timeout: 5s\n";
        let quick = start_up(&files("prometheus.yml", config)).unwrap();
        let document: Value = serde_yaml::from_str(&quick[0].1).unwrap();
        assert_eq!(document["global"]["scrape_interval"], "1s");
        assert_eq!(document["global"]["evaluation_interval"], "1s");
        assert_eq!(document["scrape_configs"][0]["scrape_interval"], "1s");
        assert_eq!(document["scrape_configs"][0]["scrape_timeout"], "1s");
    }

    #[test]
    fn start_up_delays_only_the_watchdog() {
        let quick = start_up(&files("alerts.yml", RULES)).unwrap();
        let document: Value = serde_yaml::from_str(&quick[0].1).unwrap();
        let rules = &document["groups"][0]["rules"];
        assert_eq!(
            rules[0]["expr"],
            "(vector(1)) and on () (prometheus_notifications_alertmanagers_discovered > 0 and \
             timestamp(prometheus_notifications_alertmanagers_discovered) > time() - 3)"
        );
        assert!(rules[0].get("for").is_none());
        assert_eq!(rules[1]["expr"], "increase(x{a=\"[5m]\"}[5m]) > 5");
        assert_eq!(rules[1]["for"], "2m");
        assert_eq!(document["groups"][0]["interval"], "1s");
    }

    #[test]
    fn drill_shortens_windows_and_waits_outside_quotes() {
        let quick = drill(&files("alerts.yml", RULES), 15).unwrap();
        let document: Value = serde_yaml::from_str(&quick[0].1).unwrap();
        let rules = &document["groups"][0]["rules"];
        assert!(rules[0].get("for").is_none());
        assert_eq!(rules[1]["expr"], "increase(x{a=\"[5m]\"}[20s]) > 5");
        assert_eq!(rules[1]["for"], "8s");
    }

    #[test]
    fn only_windows_are_shortened() {
        for (expression, expected) in [
            ("rate(x[5m])", "rate(x[20s])"),
            ("max_over_time(rate(x[5m])[1h:1m])", "max_over_time(rate(x[20s])[240s:4s])"),
            ("rate(x[10s])", "rate(x[1s])"),
            ("x{a=~'[0-9]'} > 1", "x{a=~'[0-9]'} > 1"),
            ("x[", "x["),
        ] {
            assert_eq!(with_shorter_windows(expression, 15), expected);
        }
    }

    #[test]
    fn drill_shortens_grouping_of_alertmanager() {
        let config = "route: {receiver: a, group_wait: 10s, group_interval: 1m, repeat_interval: 4h, routes: [{group_wait: 5s}]}\n";
        let quick = drill(&files("alertmanager.yml", config), 15).unwrap();
        let document: Value = serde_yaml::from_str(&quick[0].1).unwrap();
        let route = &document["route"];
        assert_eq!(
            (&route["group_wait"], &route["group_interval"], &route["repeat_interval"]),
            (&"1s".into(), &"4s".into(), &"4h".into())
        );
        assert_eq!(route["routes"][0]["group_wait"], "1s");
    }

    #[test]
    fn rehearsal_scrapes_its_own_application_and_host() {
        let config = "global: {external_labels: {project: a}}\nscrape_configs:\n- job_name: app-metrics\n  static_configs: [{targets: ['tdd-app:8502']}]\n- job_name: node-exporter\n  static_configs: [{targets: ['node-exporter:9100']}]\n";
        let changed =
            drill_files(&files("prometheus.yml", config), DrillPorts { health: 1, metrics: 2 }).unwrap();
        let document: Value = serde_yaml::from_str(&changed[0].1).unwrap();
        assert_eq!(document["scrape_configs"][0]["static_configs"][0]["targets"][0], "tdd-app:2");
        let host = &document["scrape_configs"][1]["static_configs"][1];
        assert_eq!(
            (&host["targets"][0], &host["labels"]["__metrics_path__"]),
            (&"tdd-app:2".into(), &"/node-metrics".into())
        );
        let labels = &document["global"]["external_labels"];
        assert_eq!((&labels["project"], &labels["drill"]), (&"a".into(), &"true".into()));
        let rules = drill_files(&files("alerts.yml", RULES), DrillPorts { health: 1, metrics: 2 }).unwrap();
        assert!(!rules[0].1.contains("drill"));
    }

    #[test]
    fn rehearsal_label_replaces_invalid_values() {
        for global in ["5", "text", "[1]", "{external_labels: none}", "~"] {
            let config = format!("global: {global}\nscrape_configs: []\n");
            let changed =
                drill_files(&files("prometheus.yml", &config), DrillPorts { health: 1, metrics: 2 }).unwrap();
            let document: Value = serde_yaml::from_str(&changed[0].1).unwrap();
            assert_eq!(document["global"]["external_labels"]["drill"], "true", "{global}");
        }
    }

    #[test]
    fn invalid_yaml_names_the_file() {
        let error = start_up(&files("alerts.yml", "groups: [")).unwrap_err();
        assert_eq!(error.to_string(), "cannot shorten the intervals in `alerts.yml`");
    }
}
