//! Words that several screens share.

use crate::config::settings::DEFAULT_STACK;

/// Returns a service's name as people write it.
pub(super) fn title(service: &str) -> &str {
    match service {
        "prometheus" => "Prometheus",
        "grafana" => "Grafana",
        "alertmanager" => "Alertmanager",
        other => other,
    }
}

/// Returns a command line to copy, with the name of the stack if it is not the default one.
pub(super) fn command(stack: &str, verb: &str) -> String {
    if stack == DEFAULT_STACK {
        format!("tdd-stack {verb}")
    } else {
        format!("tdd-stack {verb} --stack {stack}")
    }
}

/// Returns a count with its noun, such as `1 error` or `2 errors`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
