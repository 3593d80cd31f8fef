//! The step between two points of a range query.
//!
//! All durations are in milliseconds.

use super::interval::{YEAR, parse};
use super::request::Query;
use super::time_range::TimeRange;

/// Grafana's default scrape interval.
const DEFAULT_SCRAPE: u64 = 15_000;

/// Prometheus rejects a range query with more points.
const SAFE_POINTS: u64 = 11_000;

/// Grafana's default number of points.
const DEFAULT_POINTS: u64 = 1500;

/// Readable steps: an interval up to the first number is rounded to the second.
const READABLE: [(u64, u64); 29] = [
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1_500, 1_000),
    (3_500, 2_000),
    (7_500, 5_000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_799_999, 2_592_000_000),
];

/// Returns the step of a query.
pub(crate) fn step(query: &Query, scrape: &str, range: TimeRange) -> Result<u64, String> {
    let own = if is_variable(&query.interval) { "" } else { query.interval.as_str() };
    let smallest = match (own, query.asked_step(), scrape) {
        ("" | "0s", Some(asked), _) => asked,
        ("" | "0s", None, "") => DEFAULT_SCRAPE,
        ("" | "0s", None, scrape) => parse(scrape)?,
        (own, ..) => parse(own)?,
    };
    let points = if query.max_data_points == 0 { DEFAULT_POINTS } else { query.max_data_points };
    let fitting = range.length() / points;
    let fitting = if fitting < smallest { smallest } else { round(fitting) };
    let step = fitting.max(round(range.length() / SAFE_POINTS));
    if is_rate_interval(&query.interval) {
        return rate_interval(step, scrape);
    }
    Ok(step * query.interval_factor.max(1))
}

/// Returns the value of `$__rate_interval`: four scrape intervals, or the interval plus one.
pub(crate) fn rate_interval(interval: u64, scrape: &str) -> Result<u64, String> {
    let scrape = if scrape.is_empty() { DEFAULT_SCRAPE } else { parse(scrape)? };
    Ok((interval + scrape).max(4 * scrape))
}

/// Returns whether a panel's interval is `$__rate_interval`.
pub(crate) fn is_rate_interval(interval: &str) -> bool {
    matches!(interval, "$__rate_interval" | "${__rate_interval}")
}

/// Returns whether a panel's interval is `$__interval`.
pub(crate) fn is_interval(interval: &str) -> bool {
    matches!(interval, "$__interval" | "${__interval}")
}

fn is_variable(interval: &str) -> bool {
    let in_ms = matches!(
        interval,
        "$__interval_ms" | "${__interval_ms}" | "$__rate_interval_ms" | "${__rate_interval_ms}"
    );
    in_ms || is_interval(interval) || is_rate_interval(interval)
}

/// Aligns a time down to a whole step, as Grafana does for Prometheus' caches.
pub(crate) fn align(at: u64, step: u64, offset_ms: i64) -> u64 {
    let shifted = at.saturating_add_signed(offset_ms);
    (shifted - shifted % step.max(1)).saturating_add_signed(-offset_ms)
}

fn round(ms: u64) -> u64 {
    READABLE.iter().find(|(most, _)| ms <= *most).map_or(YEAR, |(_, readable)| *readable)
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
