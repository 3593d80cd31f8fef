//! Steps, with figures from Grafana's own tests where there are any.

use serde_json::{Value, json};

use super::*;

const HOUR: TimeRange = TimeRange { from_ms: 0, to_ms: 3_600_000 };

fn query(body: Value) -> Query {
    serde_json::from_value(body).unwrap()
}

#[test]
fn the_step_fits_the_panel_but_is_no_smaller_than_asked() {
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
fn without_an_asked_step_the_scrape_interval_is_the_smallest() {
    let silent = query(json!({"maxDataPoints": 1000}));
    assert_eq!(step(&silent, "30s", HOUR), Ok(30_000));
    assert_eq!(step(&silent, "", HOUR), Ok(15_000));
    assert_eq!(step(&query(json!({"interval": "2m", "intervalMs": 1000})), "30s", HOUR), Ok(120_000));
}

#[test]
fn a_long_range_never_asks_for_more_points_than_prometheus_gives() {
    let year = TimeRange { from_ms: 0, to_ms: 31_536_000_000 };
    let greedy = query(json!({"intervalMs": 1000, "maxDataPoints": 1_000_000}));
    assert_eq!(step(&greedy, "", year), Ok(3_600_000), "2867 s, which rounds to an hour");
}

#[test]
fn the_rate_interval_is_at_least_four_scrapes() {
    assert_eq!(rate_interval(15_000, "15s"), Ok(60_000));
    assert_eq!(rate_interval(60_000, "15s"), Ok(75_000));
    assert_eq!(rate_interval(1_000, ""), Ok(60_000));
    assert!(rate_interval(1_000, "often").is_err());
}

#[test]
fn a_step_that_is_the_rate_interval_is_final() {
    let by_rate = query(json!({"interval": "$__rate_interval", "intervalMs": 15_000, "maxDataPoints": 1000}));
    assert_eq!(step(&by_rate, "15s", HOUR), Ok(60_000));
}

#[test]
fn times_are_cut_to_whole_steps() {
    assert_eq!(align(1_700_000_007_000, 15_000, 0), 1_699_999_995_000);
    assert_eq!(align(3_600_000 + 5, 3_600_000, -1_800_000), 1_800_000);
}
