//! The look of a value: unit, text and colour according to the panel's field options.

use serde_json::Value;

/// A value as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The text.
    pub(super) text: String,
    /// The colour, if the panel sets one.
    pub(super) colour: Option<String>,
}

/// Returns how a panel shows a value.
pub(super) fn show(panel: &Value, raw: &str) -> Shown {
    let defaults = &panel["fieldConfig"]["defaults"];
    let number = raw.parse::<f64>().unwrap_or(f64::NAN);
    let mapped = mapping(defaults, raw, number);
    let unit = defaults["unit"].as_str().unwrap_or_default();
    let text = mapped
        .and_then(|mapped| mapped["text"].as_str())
        .map_or_else(|| with_unit(number, unit), str::to_string);
    let colour = mapped.and_then(|mapped| mapped["color"].as_str()).or_else(|| threshold(defaults, number));
    Shown { text, colour: colour.and_then(css_colour) }
}

fn mapping<'a>(defaults: &'a Value, raw: &str, number: f64) -> Option<&'a Value> {
    let mut mappings = defaults["mappings"].as_array().into_iter().flatten();
    let fitting = |mapping: &'a Value| match mapping["type"].as_str() {
        Some("value") => mapping["options"].get(raw),
        Some("range") => {
            let options = &mapping["options"];
            let from = options["from"].as_f64().unwrap_or(f64::NEG_INFINITY);
            let to = options["to"].as_f64().unwrap_or(f64::INFINITY);
            (from..=to).contains(&number).then(|| &options["result"])
        }
        _ => None,
    };
    mappings.find_map(fitting)
}

fn threshold(defaults: &Value, number: f64) -> Option<&str> {
    let steps = defaults["thresholds"]["steps"].as_array()?;
    let mut reached = steps.iter().filter(|step| step["value"].as_f64().is_none_or(|value| number >= value));
    reached.next_back().and_then(|step| step["color"].as_str())
}

/// Returns a colour that is safe in a style attribute.
fn css_colour(name: &str) -> Option<String> {
    let base =
        ["super-light-", "light-", "semi-dark-", "dark-"].iter().find_map(|shade| name.strip_prefix(shade));
    let known = match base.unwrap_or(name) {
        "green" => "#299c46",
        "red" => "#d44a3a",
        "yellow" => "#c9a20c",
        "orange" => "#e0752d",
        "blue" => "#3274d9",
        "purple" => "#8f3bb8",
        hex if hex.strip_prefix('#').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_hexdigit())) => hex,
        _ => return None,
    };
    Some(known.to_string())
}

fn with_unit(number: f64, unit: &str) -> String {
    match unit {
        "" | "none" | "short" => scaled(number, 1000.0, &["", " K", " Mil", " Bil"]),
        "percent" => format!("{}%", rounded(number)),
        "percentunit" => format!("{}%", rounded(number * 100.0)),
        "s" if number.abs() >= 60.0 => format!("{} min", rounded(number / 60.0)),
        "s" if number.abs() < 1.0 && number != 0.0 => format!("{} ms", rounded(number * 1000.0)),
        "bytes" => scaled(number, 1024.0, &[" B", " KiB", " MiB", " GiB", " TiB"]),
        "decbytes" => scaled(number, 1000.0, &[" B", " kB", " MB", " GB", " TB"]),
        "reqps" => format!("{} req/s", rounded(number)),
        other => format!("{} {}", rounded(number), other.trim_start_matches("suffix:")),
    }
}

fn scaled(number: f64, base: f64, units: &[&str]) -> String {
    let mut rest = number;
    let mut units = units.iter().peekable();
    while let Some(unit) = units.next() {
        if rest.abs() < base || units.peek().is_none() || !rest.is_finite() {
            return format!("{}{unit}", rounded(rest));
        }
        rest /= base;
    }
    rounded(rest)
}

/// Formats a number with up to three digits after the point.
fn rounded(number: f64) -> String {
    let decimals = match number.abs() {
        size if !size.is_finite() || size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".into() } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(defaults: &Value, raw: &str) -> (String, Option<String>) {
        let shown = show(&json!({"fieldConfig": {"defaults": defaults}}), raw);
        (shown.text, shown.colour)
    }

    #[test]
    fn values_have_readable_units() {
        for (unit, raw, text) in [
            ("", "1", "1"),
            ("", "0.12345", "0.123"),
            ("short", "12345", "12.3 K"),
            ("percent", "87.04", "87%"),
            ("percentunit", "0.5", "50%"),
            ("s", "0.25", "250 ms"),
            ("s", "90", "1.5 min"),
            ("s", "2.5", "2.5 s"),
            ("bytes", "1572864", "1.5 MiB"),
            ("bytes", "NaN", "NaN B"),
            ("suffix:items", "3", "3 items"),
        ] {
            assert_eq!(shown(&json!({"unit": unit}), raw).0, text, "{unit} {raw}");
        }
    }

    #[test]
    fn mapping_replaces_the_value() {
        let mappings = json!([{"type": "value", "options": {"1": {"text": "Up", "color": "green"}}}]);
        assert_eq!(shown(&json!({"mappings": mappings}), "1"), ("Up".into(), Some("#299c46".into())));
        let range =
            json!([{"type": "range", "options": {"from": 2, "to": null, "result": {"text": "many"}}}]);
        assert_eq!(shown(&json!({"mappings": range}), "3").0, "many");
    }

    #[test]
    fn last_reached_threshold_sets_the_colour() {
        let steps = json!([{"color": "red", "value": null}, {"color": "green", "value": 1}]);
        let defaults = json!({"thresholds": {"steps": steps}});
        assert_eq!(shown(&defaults, "0").1.as_deref(), Some("#d44a3a"));
        assert_eq!(shown(&defaults, "1").1.as_deref(), Some("#299c46"));
    }

    #[test]
    fn only_colours_are_allowed_in_styles() {
        assert_eq!(css_colour("semi-dark-red").as_deref(), Some("#d44a3a"));
        assert_eq!(css_colour("#00ff00").as_deref(), Some("#00ff00"));
        assert_eq!(css_colour("red;background:url(x)"), None);
        assert_eq!(css_colour("#fff;x:y"), None);
    }
}
