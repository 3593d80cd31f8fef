//! Reads the inputs of a history from Prometheus' configuration: the targets' labels, and the recording rules
//! in the order of their dependencies.
//!
//! `promtool tsdb create-blocks-from rules` evaluates each rule separately, so a rule does not see the
//! results of other rules in the same run. The rules are therefore split into levels, each of which uses only
//! earlier levels.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

/// The parts of Prometheus' configuration that a history needs.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The instance of each job with a static target.
    pub(super) jobs: BTreeMap<String, String>,
    /// One rule file for each level, in order.
    pub(super) levels: Vec<String>,
}

impl Configuration {
    /// Parses `prometheus.yml` and the rule files that it names. `files` maps the names to the contents.
    pub(super) fn read(files: &BTreeMap<String, String>) -> Result<Self, serde_yaml::Error> {
        let file = |name: &str| files.get(name).map(String::as_str);
        let main: Value = serde_yaml::from_str(file("prometheus.yml").unwrap_or_default())?;
        let rules = list(&main["rule_files"]).iter().filter_map(|name| file(name.as_str()?));
        Ok(Self { jobs: jobs(&main), levels: levels(rules)? })
    }
}

fn jobs(main: &Value) -> BTreeMap<String, String> {
    let job = |job: &Value| {
        let name = job["job_name"].as_str()?;
        let instance = job["static_configs"][0]["targets"][0].as_str()?;
        Some((name.to_string(), instance.to_string()))
    };
    list(&main["scrape_configs"]).iter().filter_map(job).collect()
}

fn levels<'a>(files: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, serde_yaml::Error> {
    let mut rules: Vec<Value> = Vec::new();
    for text in files {
        let file: Value = serde_yaml::from_str(text)?;
        for group in list(&file["groups"]) {
            rules.extend(list(&group["rules"]).iter().filter(|rule| name(rule).is_some()).cloned());
        }
    }
    let mut levels = Vec::new();
    while !rules.is_empty() {
        let pending: Vec<String> = rules.iter().filter_map(name).map(ToString::to_string).collect();
        let (mut now, mut later): (Vec<Value>, Vec<Value>) =
            rules.into_iter().partition(|rule| !pending.iter().any(|other| uses(rule, other)));
        if now.is_empty() {
            // Rules in a cycle depend on each other's previous results, which a history does not have.
            std::mem::swap(&mut now, &mut later);
        }
        levels.push(rule_file(levels.len() + 1, now)?);
        rules = later;
    }
    Ok(levels)
}

fn rule_file(level: usize, rules: Vec<Value>) -> Result<String, serde_yaml::Error> {
    let mut group = Mapping::new();
    group.insert("name".into(), format!("level {level}").into());
    group.insert("rules".into(), Value::Sequence(rules));
    let mut file = Mapping::new();
    file.insert("groups".into(), Value::Sequence(vec![Value::Mapping(group)]));
    serde_yaml::to_string(&file)
}

fn name(rule: &Value) -> Option<&str> {
    rule["record"].as_str()
}

/// Returns whether a rule's expression uses the series `other`.
fn uses(rule: &Value, other: &str) -> bool {
    let belongs_to_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = rule["expr"].as_str().unwrap_or_default().split(|c| !belongs_to_name(c));
    name(rule) != Some(other) && words.into_iter().any(|word| word == other)
}

fn list(value: &Value) -> &[Value] {
    value.as_sequence().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(file: &str) -> Vec<String> {
        let file: Value = serde_yaml::from_str(file).unwrap();
        let rules = list(&file["groups"][0]["rules"]).iter();
        rules.map(|rule| name(rule).unwrap().to_string()).collect()
    }

    #[test]
    fn shipped_rules_need_two_levels() {
        let files = [
            include_str!("../../assets/prometheus/recording_rules.yml"),
            include_str!("../../assets/prometheus/alerts.yml"),
        ];
        let levels = levels(files).unwrap();
        assert_eq!(levels.len(), 2);
        assert!(recorded(&levels[0]).contains(&"instance:http_requests:rate5m".to_string()));
        assert_eq!(recorded(&levels[1]), ["error_rate", "client_error_rate"]);
    }

    #[test]
    fn dependency_chains_and_cycles_terminate() {
        let rule = |name: &str, expr: &str| format!("  - {{record: {name}, expr: '{expr}'}}\n");
        let rules = [
            rule("c", "b + 1"),
            rule("b", "sum(a) * ab"),
            rule("a", "x:y"),
            rule("x", "y"),
            rule("y", "x"),
            rule("self", "self or vector(1)"),
        ];
        let levels = levels([format!("groups:\n- name: g\n  rules:\n{}", rules.concat()).as_str()]).unwrap();
        let names: Vec<Vec<String>> = levels.iter().map(|file| recorded(file)).collect();
        assert_eq!(names, [vec!["a", "self"], vec!["b"], vec!["c"], vec!["x", "y"]]);
    }

    #[test]
    fn shipped_configuration_is_parsed() {
        let files = [
            ("prometheus.yml", include_str!("../../assets/prometheus/prometheus.yml")),
            ("recording_rules.yml", include_str!("../../assets/prometheus/recording_rules.yml")),
            ("alerts.yml", include_str!("../../assets/prometheus/alerts.yml")),
        ];
        let files = files.map(|(name, text)| (name.to_string(), text.to_string())).into();
        let configuration = Configuration::read(&files).unwrap();
        assert_eq!(configuration.jobs["app-metrics"], "tdd-app:8502");
        assert_eq!(configuration.jobs["streamlit-app"], "tdd-app:8501");
        assert_eq!(configuration.levels.len(), 2);
        assert!(Configuration::read(&BTreeMap::new()).unwrap().jobs.is_empty());
        let broken = [("prometheus.yml".to_string(), "a: [".to_string())].into();
        assert!(Configuration::read(&broken).is_err());
    }
}
