//! Names what changed in a text: rules, scrape jobs, receivers, panels.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::validate;

/// The lists whose items have names, and the keys that hold the name.
const NAMED: [(&str, &[&str]); 4] = [
    ("rules", &["alert", "record"]),
    ("scrape_configs", &["job_name"]),
    ("receivers", &["name"]),
    ("panels", &["title"]),
];

/// Returns the items that differ between two versions of a file or dashboard, such as `LogErrorsHigh changed`;
/// empty if the difference is outside of them.
pub(super) fn subjects(before: &str, after: &str) -> Vec<String> {
    let (Some(before), Some(after)) = (parsed(before), parsed(after)) else { return Vec::new() };
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    collect(&before, &mut old);
    collect(&after, &mut new);
    let mut subjects = Vec::new();
    for (name, item) in &new {
        match old.get(name) {
            Some(known) if known == item => {}
            Some(_) => subjects.push(format!("{name} changed")),
            None => subjects.push(format!("{name} added")),
        }
    }
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    subjects.extend(removed.map(|name| format!("{name} removed")));
    subjects
}

fn parsed(text: &str) -> Option<Value> {
    validate::yaml(text).ok()?;
    serde_yaml::from_str(validate::strip_bom(text)).ok()
}

/// Collects the named items below a value; several items of one name count as one.
fn collect(value: &Value, items: &mut BTreeMap<String, Vec<Value>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let names = NAMED.iter().find(|(list, _)| list == key).map(|(_, names)| *names);
                let list = value.as_array().zip(names);
                for (item, names) in
                    list.iter().flat_map(|(list, names)| list.iter().map(move |item| (item, names)))
                {
                    if let Some(name) = names.iter().find_map(|name| item[*name].as_str()) {
                        items.entry(name.to_string()).or_default().push(item.clone());
                    }
                }
                collect(value, items);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, items)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_rules_jobs_receivers_and_panels() {
        let rules = |threshold: &str| {
            format!(
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: x > {threshold}\n  - record: r\n    expr: y\n"
            )
        };
        assert_eq!(subjects(&rules("1"), &rules("2")), ["A changed"]);
        assert_eq!(
            subjects("scrape_configs:\n- job_name: a\n", "scrape_configs:\n- job_name: b\n"),
            ["b added", "a removed"]
        );
        assert_eq!(
            subjects(r#"{"panels":[{"title":"P","id":1}]}"#, r#"{"panels":[{"title":"P","id":2}]}"#),
            ["P changed"]
        );
        assert_eq!(subjects("global:\n  x: 1\n", "global:\n  x: 2\n"), [""; 0]);
        assert_eq!(subjects("a: [", "b: 1"), [""; 0]);
    }
}
