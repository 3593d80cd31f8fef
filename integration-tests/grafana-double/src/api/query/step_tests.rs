//! Tests of steps, with numbers from Grafana's tests where available.

use serde_json::{Value, json};

use super::*;

const HOUR: TimeRange = TimeRange { from_ms: 0, to_ms: 3_600_000 };

fn query(body: Value) -> Query {
    serde_json::from_value(body).unwrap()
}

#[test]
fn step_fits_the_panel_above_the_requested_minimum() {
    let wide = query(json!({"intervalMs": 15_000, "maxDataPoints": 1000}));
    assert_eq!(
        step(&wide, "", HOUR),
        Ok(15_000),
        "an hour in 1000 points is 3.6 s, less than the asked step"
    );
    let narrow = query(json!({"intervalMs": 15_000, "maxDataPoints": 50}));
    assert_eq!(step(&narrow, "", HOUR), Ok(60_000), "an hour in 50 points is 72 s, which rounds to a minute");
}

#[test]
fn scrape_interval_is_the_default_minimum_step() {
    let silent = query(json!({"maxDataPoints": 1000}));
    assert_eq!(step(&silent, "30s", HOUR), Ok(30_000));
    assert_eq!(step(&silent, "", HOUR), Ok(15_000));
    assert_eq!(step(&query(json!({"interval": "2m", "intervalMs": 1000})), "30s", HOUR), Ok(120_000));
}

#[test]
fn long_range_stays_below_the_point_limit() {
    let year = TimeRange { from_ms: 0, to_ms: 31_536_000_000 };
    let greedy = query(json!({"intervalMs": 1000, "maxDataPoints": 1_000_000}));
    assert_eq!(step(&greedy, "", year), Ok(3_600_000), "2867 s, which rounds to an hour");
}

#[test]
fn rate_interval_is_at_least_four_scrapes() {
    assert_eq!(rate_interval(15_000, "15s"), Ok(60_000));
    assert_eq!(rate_interval(60_000, "15s"), Ok(75_000));
    assert_eq!(rate_interval(1_000, ""), Ok(60_000));
    assert!(rate_interval(1_000, "often").is_err());
}

#[test]
fn rate_interval_as_step_is_not_rounded() {
    let by_rate = query(json!({"interval": "$__rate_interval", "intervalMs": 15_000, "maxDataPoints": 1000}));
    assert_eq!(step(&by_rate, "15s", HOUR), Ok(60_000));
}

#[test]
fn times_are_aligned_to_whole_steps() {
    assert_eq!(align(1_700_000_007_000, 15_000, 0), 1_699_999_995_000);
    assert_eq!(align(3_600_000 + 5, 3_600_000, -1_800_000), 1_800_000);
}
