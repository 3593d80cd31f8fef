//! Prepares a query for Prometheus.

use serde_json::Value;

use super::interpolate::interpolate;
use super::request::Query;
use super::step;
use super::time_range::TimeRange;
use crate::prometheus::Range;
use crate::state::data_source::DataSource;

/// A prepared query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// The expression without Grafana's variables.
    pub(crate) expr: String,
    /// The range, aligned to the step.
    pub(crate) range: Range,
}

/// Prepares an expression for a data source.
pub(crate) fn prepare(source: &DataSource, query: &Query, range: TimeRange) -> Result<Prepared, String> {
    let scrape = source.json_data.get("timeInterval").and_then(Value::as_str).unwrap_or_default();
    let step = step::step(query, scrape, range)?;
    let expr = interpolate(query, scrape, step, range)?;
    let offset_ms = query.utc_offset_sec * 1000;
    let align = |at: u64| step::align(at, step, offset_ms);
    Ok(Prepared { expr, range: Range { start: align(range.from_ms), end: align(range.to_ms), step } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prepared_query_has_aligned_range_and_step() {
        let mut source = DataSource::default();
        source.json_data.insert("timeInterval".into(), json!("15s"));
        let body = json!({"expr": "rate(x[$__rate_interval])", "intervalMs": 15_000, "maxDataPoints": 100});
        let query: Query = serde_json::from_value(body).unwrap();
        let range = TimeRange { from_ms: 1_700_000_007_000, to_ms: 1_700_003_607_000 };
        let prepared = prepare(&source, &query, range).unwrap();
        // An hour in 100 points is 36 s, which is rounded to 30 s; both ends are aligned to whole steps.
        assert_eq!(prepared.expr, "rate(x[1m0s])");
        let range = Range { start: 1_699_999_980_000, end: 1_700_003_580_000, step: 30_000 };
        assert_eq!(prepared.range, range);
    }
}
