//! Variables of a dashboard, with their saved values.

use serde_json::Value;

/// Names and values, the longest name first.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(Vec<(String, String)>);

/// Returns the variables of a dashboard.
pub(super) fn of(spec: &Value) -> Variables {
    let list = spec["templating"]["list"].as_array();
    let named = |variable: &Value| {
        Some((variable["name"].as_str()?.to_string(), value(&variable["current"]["value"])))
    };
    let mut variables: Vec<_> = list.into_iter().flatten().filter_map(named).collect();
    // `$job` must not match the beginning of `$job_name`.
    variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    Variables(variables)
}

impl Variables {
    /// Replaces the variables in a text.
    pub(super) fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_string(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${{{name}:regex}}"), value)
                .replace(&format!("${name}"), value)
        })
    }
}

/// Returns the value of a variable; several values become a regular expression, as queries expect.
fn value(current: &Value) -> String {
    match current {
        Value::String(all) if all == "$__all" => ".*".into(),
        Value::String(one) => one.clone(),
        Value::Array(many) if many.iter().any(|one| one == "$__all") => ".*".into(),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_replaced_by_saved_values() {
        let list = json!([
            {"name": "job", "current": {"value": ["a", "b"]}},
            {"name": "job_name", "current": {"value": "c"}},
            {"name": "all", "current": {"value": "$__all"}},
        ]);
        let variables = of(&json!({"templating": {"list": list}}));
        let expr = "x{a=~\"$job\",b=\"${job_name}\",c=~\"${all:regex}\"}[$__interval] $job_name";
        let filled = "x{a=~\"a|b\",b=\"c\",c=~\".*\"}[$__interval] c";
        assert_eq!(variables.put_into(expr), filled);
    }
}
