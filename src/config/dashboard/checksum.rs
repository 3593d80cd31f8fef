//! Detects edits of imported dashboards, by checksums in a file next to Grafana's data.

use serde_json::Value;
use serde_yaml::Value as Ordered;

use crate::model::observed::GrafanaContent;
use crate::model::stack::{DASHBOARD_MARK, Service, Stack, sha256};

/// Returns the name of the file with a dashboard's checksums.
pub fn checksum_name(uid: &str) -> String {
    format!("{DASHBOARD_MARK}{uid}")
}

/// Returns the folder of these files inside Grafana's container, which is its data folder.
pub fn checksums_folder(stack: &Stack) -> &'static str {
    stack.service("grafana").and_then(Service::data_folder).unwrap_or_default()
}

/// Returns the checksums of a dashboard: one of Grafana's version and one of the file it was imported from.
pub fn checksum(seen: &Value, file: &Value) -> String {
    format!("{}\n{}", hash(seen), hash(file))
}

/// Returns a hash of everything that users can edit.
fn hash(dashboard: &Value) -> String {
    sha256(own(dashboard).to_string().as_bytes())
}

/// Returns whether Grafana's version equals the file.
pub fn is_same(seen: &Value, file: &Value) -> bool {
    own(seen) == own(file)
}

/// Returns whether a dashboard was edited inside Grafana since its import. Without checksums it counts as
/// unedited.
pub fn is_edited(seen: &Value, left: Option<&str>) -> bool {
    left.is_some_and(|left| left.lines().next() != Some(&hash(seen)))
}

/// Returns whether a dashboard's file was edited since its import; `None` if the checksums do not include the
/// file.
///
/// `file` is `None` if the file does not contain a dashboard any more.
pub fn is_file_edited(file: Option<&Value>, left: Option<&str>) -> Option<bool> {
    let marked = left?.lines().nth(1)?;
    Some(file.is_none_or(|file| hash(file) != marked))
}

/// Returns whether Grafana has a dashboard with this uid that was edited inside it since its import.
pub fn is_edited_inside(content: &GrafanaContent, uid: &str) -> bool {
    let left = content.checksums.get(uid).map(String::as_str);
    content.dashboards.get(uid).is_some_and(|seen| is_edited(seen, left))
}

/// Returns whether a dashboard was edited both inside Grafana and in its file since its import.
pub fn is_edited_twice(content: &GrafanaContent, uid: &str, file: &Value) -> bool {
    let left = content.checksums.get(uid).map(String::as_str);
    is_edited_inside(content, uid) && is_file_edited(Some(file), left) == Some(true)
}

/// Returns a dashboard as a file, with keys in the order of the previous file.
pub fn to_file(seen: &Value, before: &str) -> String {
    // JSON is also YAML, and the YAML reader keeps the order of keys.
    let before = serde_yaml::from_str(before).unwrap_or(Ordered::Null);
    let text = serde_json::to_string_pretty(&arranged(&own(seen), &before)).unwrap_or_default();
    format!("{text}\n")
}

/// Returns a dashboard without the fields that Grafana assigns.
fn own(seen: &Value) -> Value {
    let mut seen = seen.clone();
    if let Some(map) = seen.as_object_mut() {
        map.remove("id");
        map.remove("version");
    }
    seen
}

fn arranged(value: &Value, like: &Ordered) -> Ordered {
    match value {
        Value::Object(map) => {
            let like = like.as_mapping();
            let known = like.into_iter().flat_map(|like| like.keys()).filter_map(Ordered::as_str);
            let known: Vec<&str> = known.filter(|key| map.contains_key(*key)).collect();
            let new = map.keys().map(String::as_str).filter(|key| !known.contains(key));
            let pair = |key: &str| {
                let like = like.and_then(|like| like.get(key)).unwrap_or(&Ordered::Null);
                (Ordered::from(key), arranged(&map[key], like))
            };
            Ordered::Mapping(known.iter().copied().chain(new).map(pair).collect())
        }
        Value::Array(items) => {
            let like = |index: usize| like.as_sequence().and_then(|like| like.get(index));
            let items = items.iter().enumerate();
            items.map(|(index, item)| arranged(item, like(index).unwrap_or(&Ordered::Null))).collect()
        }
        plain => serde_yaml::to_value(plain).unwrap_or(Ordered::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn edit_ignores_fields_that_grafana_assigns() {
        let imported = json!({"uid": "x", "title": "One", "id": 1, "version": 1});
        let left = checksum(&imported, &imported);
        let saved_again = json!({"uid": "x", "title": "One", "id": 7, "version": 9});
        let edited = json!({"uid": "x", "title": "Two", "id": 1, "version": 2});
        assert!(!is_edited(&saved_again, Some(&left)));
        assert!(is_edited(&edited, Some(&left)));
        assert!(!is_edited(&edited, None));
    }

    #[test]
    fn edited_file_differs_from_edited_dashboard() {
        let (file, edited) = (json!({"uid": "x", "title": "One"}), json!({"uid": "x", "title": "Two"}));
        // Grafana adds fields that the file omits.
        let left = checksum(&json!({"uid": "x", "title": "One", "id": 1, "tags": []}), &file);
        assert_eq!(is_file_edited(Some(&file), Some(&left)), Some(false));
        assert_eq!(is_file_edited(Some(&edited), Some(&left)), Some(true));
        assert_eq!(is_file_edited(None, Some(&left)), Some(true));
        assert_eq!(is_file_edited(Some(&edited), None), None);
        assert_eq!(is_file_edited(Some(&edited), left.lines().next()), None);
    }

    #[test]
    fn written_file_keeps_the_order_of_keys() {
        let before = r#"{"uid": "x", "title": "One", "panels": [{"type": "stat", "id": 1}]}"#;
        let seen = json!({"panels": [{"id": 1, "type": "stat", "gridPos": {}}], "title": "Two", "uid": "x",
            "version": 3, "new": null});
        let text = to_file(&seen, before);
        let order: Vec<usize> = ["uid", "title", "panels", "type", "\"id\"", "gridPos", "new"]
            .map(|key| text.find(key).unwrap())
            .into();
        assert!(order.is_sorted(), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), own(&seen));
    }
}
