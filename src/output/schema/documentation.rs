//! Compares examples of the JSON objects with `docs/json.md`.

use std::collections::BTreeSet;

use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/json.md");

/// The section of the objects that several schemas have.
const COMMON: &str = "Common objects";

/// The key of objects that have the schema of the object around them.
const NESTED: &str = "clean_up";

/// The keys whose own keys are data, such as the names of labels.
const MAPS: [&str; 4] = ["annotations", "images", "labels", "stages"];

/// Panics unless the section of a schema has a row for each key of its examples, and no other row.
pub(crate) fn assert_complete(schema: &str, examples: &[Value]) {
    let printed = paths_of(examples);
    let (documented, common) = (rows(&format!("`{schema}`")), rows(COMMON));
    let is_common = |path: &&String| common.iter().any(|row| is_part(path, row));
    let missing: Vec<&String> = printed.difference(&documented).filter(|path| !is_common(path)).collect();
    assert!(missing.is_empty(), "docs/json.md lacks {missing:?} of {schema}");
    let stale: Vec<&String> = documented.difference(&printed).collect();
    assert!(stale.is_empty(), "no example of {schema} has {stale:?}, which docs/json.md documents");
}

/// Panics unless each key of the common objects occurs in an example.
pub(crate) fn assert_common_in_use(examples: &[Value]) {
    let printed = paths_of(examples);
    let common = rows(COMMON);
    let stale: Vec<&String> =
        common.iter().filter(|row| !printed.iter().any(|path| is_part(path, row))).collect();
    assert!(stale.is_empty(), "no example has {stale:?}, which docs/json.md documents");
}

fn is_part(path: &str, row: &str) -> bool {
    path == row || path.ends_with(&format!(".{row}"))
}

/// Returns the keys that the tables of a section document.
fn rows(section: &str) -> BTreeSet<String> {
    let sections = PAGE.split("\n## ").skip(1);
    let mut texts = sections.filter(|text| text.lines().next().is_some_and(|title| title.contains(section)));
    let text = texts.next().unwrap_or_else(|| panic!("docs/json.md has no section {section}"));
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string());
    text.lines().filter_map(row).collect()
}

fn paths_of(examples: &[Value]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for example in examples {
        collect(example, "", &mut found);
    }
    found
}

/// Adds the paths of all keys, such as `services[].name`; the keys of a map are `*`.
fn collect(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let is_map = MAPS.iter().any(|map| is_part(path, map));
            for (key, value) in object {
                let key = if is_map { "*" } else { key };
                let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                if !is_map {
                    found.insert(path.clone());
                }
                collect(value, if key == NESTED { "" } else { &path }, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, &item_path(path), found)),
        _ => {}
    }
}

/// Returns the path of the items of a list.
fn item_path(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}[]") }
}
