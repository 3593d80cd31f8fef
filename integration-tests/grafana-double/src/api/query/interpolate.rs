//! Replaces Grafana's built-in variables in an expression.
//!
//! Variables of the dashboard stay, because the browser replaces them.

use super::interval;
use super::request::Query;
use super::step;
use super::time_range::TimeRange;

/// The interval of queries without one.
const DEFAULT_INTERVAL: u64 = 1000;

/// Returns the expression without `$__interval`, `$__rate_interval`, `$__range` and their variants.
pub(crate) fn interpolate(
    query: &Query,
    scrape: &str,
    step: u64,
    range: TimeRange,
) -> Result<String, String> {
    let rate_interval = rate_interval(query, scrape, step)?;
    let range_ms = range.length();
    let range_seconds = (range_ms + 500) / 1000;
    // Longer names first: `$__range_ms` begins with `$__range`.
    let values = [
        ("__interval_ms", step.to_string()),
        ("__interval", interval::short(step)),
        ("__range_ms", range_ms.to_string()),
        ("__range_s", range_seconds.to_string()),
        ("__range", format!("{range_seconds}s")),
        ("__rate_interval_ms", rate_interval.to_string()),
        ("__rate_interval", interval::go(rate_interval)),
    ];
    let replace = |expr: String, (name, value): &(&str, String)| {
        expr.replace(&format!("${name}"), value).replace(&format!("${{{name}}}"), value)
    };
    Ok(values.iter().fold(query.expr.clone(), replace))
}

/// Returns the rate interval. Like Grafana, it uses the client's interval instead of the step.
fn rate_interval(query: &Query, scrape: &str, step: u64) -> Result<u64, String> {
    if step::is_rate_interval(&query.interval) {
        return Ok(step);
    }
    let asked = query.asked_step().unwrap_or(DEFAULT_INTERVAL);
    if step::is_interval(&query.interval) {
        return step::rate_interval(asked, &interval::go(step));
    }
    let scrape = if query.interval.is_empty() { scrape } else { query.interval.as_str() };
    step::rate_interval(asked, scrape)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HOUR: TimeRange = TimeRange { from_ms: 0, to_ms: 3_600_000 };

    fn interpolated(expr: &str, rest: Value) -> String {
        let mut body = rest;
        body["expr"] = json!(expr);
        let query: Query = serde_json::from_value(body).unwrap();
        let step = step::step(&query, "15s", HOUR).unwrap();
        interpolate(&query, "15s", step, HOUR).unwrap()
    }

    #[test]
    fn every_variable_is_replaced_in_its_format() {
        let rest = json!({"intervalMs": 60_000, "maxDataPoints": 1000});
        let expr =
            "$__interval $__interval_ms $__range $__range_s $__range_ms $__rate_interval $__rate_interval_ms";
        assert_eq!(interpolated(expr, rest.clone()), "1m 60000 3600s 3600 3600000 1m15s 75000");
        let braced = "${__interval} ${__range} ${__rate_interval}";
        assert_eq!(interpolated(braced, rest), "1m 3600s 1m15s");
    }

    #[test]
    fn rate_interval_uses_the_client_interval() {
        let few_points = json!({"intervalMs": 15_000, "maxDataPoints": 10});
        assert_eq!(interpolated("[$__rate_interval] [$__interval]", few_points), "[1m0s] [5m]");
    }

    #[test]
    fn panel_interval_replaces_the_scrape_interval() {
        let own = json!({"interval": "1m", "intervalMs": 15_000});
        assert_eq!(interpolated("[$__rate_interval]", own), "[4m0s]");
    }

    #[test]
    fn other_variables_are_kept() {
        assert_eq!(interpolated("up{job=~\"$job\"}", json!({})), "up{job=~\"$job\"}");
    }
}
