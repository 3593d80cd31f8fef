//! Replaces `$NAME` and `${NAME}` in provisioning files by environment variables; `$$` is one `$`.
//!
//! Keys and expanded values are not expanded.
#![expect(clippy::disallowed_methods, reason = "provisioning files may name any environment variable")]

use serde_json::Value;

/// Expands every text in a value, and removes `null`.
pub(super) fn expand(value: Value) -> Value {
    expand_with(value, &|name| std::env::var(name).unwrap_or_default())
}

fn expand_with(value: Value, variable: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(expand_text(&text, variable)),
        Value::Array(items) => items.into_iter().map(|item| expand_with(item, variable)).collect(),
        Value::Object(pairs) => {
            let present = pairs.into_iter().filter(|(_, value)| !value.is_null());
            present.map(|(key, value)| (key, expand_with(value, variable))).collect()
        }
        other => other,
    }
}

fn expand_text(text: &str, variable: &dyn Fn(&str) -> String) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (value, length) = match after.strip_prefix('{').and_then(|braced| braced.find('}')) {
            _ if after.starts_with('$') => ("$".to_string(), 1),
            Some(end) => (variable(&after[1..=end]), end + 2),
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
                // A dollar before another character stays.
                if end == 0 { ("$".to_string(), 0) } else { (variable(&after[..end]), end) }
            }
        };
        expanded.push_str(&value);
        rest = &after[length..];
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expanded(text: &str) -> String {
        expand_text(text, &|name| if name == "HOST" { "prometheus".into() } else { String::new() })
    }

    #[test]
    fn variables_are_expanded() {
        assert_eq!(expanded("http://$HOST:9090/${HOST}"), "http://prometheus:9090/prometheus");
        assert_eq!(expanded("[$NONE]"), "[]");
    }

    #[test]
    fn two_dollars_become_one() {
        assert_eq!(expanded("$$HOST costs 5$ $"), "$HOST costs 5$ $");
        assert_eq!(expanded("$${HOST}"), "${HOST}");
    }

    #[test]
    fn nested_texts_are_expanded_and_nulls_removed() {
        let value = json!({"$HOST": ["$HOST", 1], "none": null});
        let expanded = expand_with(value, &|_| "x".into());
        assert_eq!(expanded, json!({"$HOST": ["x", 1]}));
    }
}
