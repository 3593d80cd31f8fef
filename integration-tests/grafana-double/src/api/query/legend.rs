//! Names of series.

use std::collections::BTreeMap;

/// Returns the name of a series in a panel.
pub(crate) fn legend(format: &str, expr: &str, labels: &BTreeMap<String, String>) -> String {
    let name = match format {
        // With `__auto`, the browser creates the name from the labels.
        "__auto" if !labels.is_empty() => String::new(),
        "" | "__auto" => metric(labels),
        format => filled(format, labels),
    };
    if name == "{}" { expr.to_string() } else { name }
}

/// Formats labels as Prometheus does: `up{job="a"}`.
fn metric(labels: &BTreeMap<String, String>) -> String {
    let name = labels.get("__name__").map_or("", String::as_str);
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    let others: Vec<String> = others.map(|(label, value)| format!("{label}={value:?}")).collect();
    match (name, others.is_empty()) {
        ("", true) => "{}".into(),
        (name, true) => name.into(),
        (name, false) => format!("{name}{{{}}}", others.join(", ")),
    }
}

/// Replaces `{{label}}`; a missing label is empty.
fn filled(format: &str, labels: &BTreeMap<String, String>) -> String {
    let mut pieces = format.split("{{");
    let mut name = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        if let Some((label, after)) = piece.split_once("}}") {
            name.push_str(labels.get(label.trim()).map_or("", String::as_str));
            name.push_str(after);
        } else {
            name.push_str("{{");
            name.push_str(piece);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(label, value)| (label.to_string(), value.to_string())).collect()
    }

    #[test]
    fn legend_format_is_filled_with_labels() {
        let up = labels(&[("__name__", "up"), ("job", "app"), ("instance", "a:1")]);
        assert_eq!(legend("{{job}} at {{ instance }}{{none}}!", "up", &up), "app at a:1!");
        assert_eq!(legend("{{open", "up", &up), "{{open");
    }

    #[test]
    fn legend_without_format_is_the_metric() {
        assert_eq!(legend("", "up", &labels(&[("__name__", "up"), ("job", "app")])), "up{job=\"app\"}");
        assert_eq!(legend("", "up", &labels(&[("__name__", "up")])), "up");
        assert_eq!(legend("", "sum(up)", &labels(&[])), "sum(up)");
        assert_eq!(legend("__auto", "sum(up)", &labels(&[])), "sum(up)");
        assert_eq!(legend("__auto", "up", &labels(&[("job", "app")])), "");
    }
}
