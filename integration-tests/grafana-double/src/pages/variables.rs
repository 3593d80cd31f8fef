//! A dashboard's own variables, with the values it was saved with.

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
    // `$job` must not eat the beginning of `$job_name`.
    variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    Variables(variables)
}

impl Variables {
    /// Puts the values in.
    pub(super) fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_string(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${{{name}:regex}}"), value)
                .replace(&format!("${name}"), value)
        })
    }
}

/// Several values are written as a regular expression, which is what queries use them in.
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
    fn variables_have_the_values_they_were_saved_with() {
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
