//! Reads targets and receivers from configuration files.

use serde_yaml::Value;

use crate::config::validate;

/// Returns job and URL of every static target in `prometheus.yml`.
pub fn targets(prometheus: &str) -> Vec<(String, String)> {
    let file = parsed(prometheus);
    let mut found = Vec::new();
    for job in items(&file["scrape_configs"]) {
        let word = |key: &str, default: &str| job[key].as_str().unwrap_or(default).to_string();
        let (name, scheme, path) =
            (word("job_name", ""), word("scheme", "http"), word("metrics_path", "/metrics"));
        let targets = items(&job["static_configs"]).iter().flat_map(|group| items(&group["targets"]));
        let urls = targets.filter_map(Value::as_str).map(|target| format!("{scheme}://{target}{path}"));
        found.extend(urls.map(|url| (name.clone(), url)));
    }
    found
}

/// Returns the URLs of the webhooks in `alertmanager.yml`, without paths and duplicates.
pub fn receivers(alertmanager: &str) -> Vec<String> {
    let file = parsed(alertmanager);
    let hooks = items(&file["receivers"]).iter().flat_map(|receiver| items(&receiver["webhook_configs"]));
    let mut found = Vec::new();
    for url in hooks.filter_map(|hook| hook["url"].as_str()) {
        // A request to the path could trigger an action in the receiver.
        let place = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// Returns the parsed text, or null if it is not valid.
fn parsed(text: &str) -> Value {
    match validate::yaml(text) {
        Ok(_) => serde_yaml::from_str(validate::strip_bom(text)).unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_sequence().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{Layer, Settings};
    use crate::services;

    #[test]
    fn shipped_files_are_valid_and_name_user_programs() {
        let settings = Settings::resolve(Layer::default(), &services::names()).unwrap();
        let stack = services::assemble(&settings);
        for file in &stack.files {
            assert_eq!(validate::fault(file.name, &file.content), None, "{}", file.name);
        }
        let found = targets(&stack.file("prometheus.yml").unwrap().content);
        for (job, url) in [
            ("streamlit-app", "http://tdd-app:8501/health/metrics"),
            ("app-metrics", "http://tdd-app:8502/metrics"),
            ("node-exporter", "http://node-exporter:9100/metrics"),
        ] {
            assert!(found.contains(&(job.into(), url.into())), "{found:?}");
        }
        let found = receivers(&stack.file("alertmanager.yml").unwrap().content);
        assert_eq!(found, ["http://tdd-webhook:5001"]);
    }

    #[test]
    fn invalid_configuration_has_no_targets_or_receivers() {
        assert!(targets("[1, 2]").is_empty() && targets(": :").is_empty());
        assert!(receivers("receivers: 7").is_empty());
    }
}
