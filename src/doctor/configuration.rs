//! What configuration files say, as far as a doctor must know before anything runs.

use serde_yaml::Value;

use crate::config::validate;

/// Returns the line and the reason if a file is no valid YAML or JSON; other files are not looked into.
pub fn syntax_fault(name: &str, text: &str) -> Option<(Option<u64>, String)> {
    validate::fault(name, text).map(|fault| (fault.line, fault.reason))
}

/// Returns job and address of every target that `prometheus.yml` names.
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

/// Returns the addresses that `alertmanager.yml` sends alerts to, as far as they are web hooks; each place once.
pub fn receivers(alertmanager: &str) -> Vec<String> {
    let file = parsed(alertmanager);
    let hooks = items(&file["receivers"]).iter().flat_map(|receiver| items(&receiver["webhook_configs"]));
    let mut found = Vec::new();
    for url in hooks.filter_map(|hook| hook["url"].as_str()) {
        // Asking for the place is enough, and asking for the path might set something off.
        let place = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// Returns what a text says, and nothing where it cannot be worked with.
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
    fn shipped_files_are_valid_and_name_the_users_programs() {
        let settings = Settings::resolve(Layer::default(), &services::names()).unwrap();
        let stack = services::assemble(&settings);
        for file in &stack.files {
            assert_eq!(syntax_fault(file.name, &file.content), None, "{}", file.name);
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
    fn a_fault_has_its_line() {
        let (line, reason) = syntax_fault("a.yml", "a: 1\nb: [1, 2\nc: 3\n").unwrap();
        assert!(line.is_some_and(|line| line >= 2), "{line:?} {reason}");
        assert_eq!(syntax_fault("a.json", "{\n  \"a\": oops\n}").unwrap().0, Some(2));
        assert_eq!(syntax_fault("a.py", "{"), None);
    }

    #[test]
    fn nothing_is_found_in_what_is_no_configuration() {
        assert!(targets("[1, 2]").is_empty() && targets(": :").is_empty());
        assert!(receivers("receivers: 7").is_empty());
    }
}
