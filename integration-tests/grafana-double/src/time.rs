//! The clock, and Grafana's time formats.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, whole_ms)
}

/// Returns a duration in whole milliseconds.
pub(crate) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns a time in the format of answers: `2026-01-02T03:04:05Z`.
pub(crate) fn rfc3339(ms: u64) -> String {
    humantime::format_rfc3339_seconds(at(ms)).to_string()
}

/// Returns a time in the format of the log.
pub(crate) fn rfc3339_nanos(ms: u64) -> String {
    humantime::format_rfc3339_nanos(at(ms)).to_string()
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_in_utc() {
        assert_eq!(rfc3339(1_700_000_000_999), "2023-11-14T22:13:20Z");
    }
}
