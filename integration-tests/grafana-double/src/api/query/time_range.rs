//! The range of a request: milliseconds since 1970, or relative to now.
//!
//! Rounding to days or weeks (`now/d`) is rejected, because the double has no time zones.

use super::interval;

/// A range in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    /// The start.
    pub(crate) from_ms: u64,
    /// The end.
    pub(crate) to_ms: u64,
}

impl TimeRange {
    /// Parses a range.
    pub(crate) fn parse(from: &str, to: &str, now_ms: u64) -> Result<Self, String> {
        let (from_ms, to_ms) = (moment(from, now_ms)?, moment(to, now_ms)?);
        if from_ms > to_ms {
            return Err(format!("the range ends at `{to}`, before it begins at `{from}`"));
        }
        Ok(Self { from_ms, to_ms })
    }

    /// Returns its length.
    pub(crate) fn length(self) -> u64 {
        self.to_ms - self.from_ms
    }
}

fn moment(text: &str, now_ms: u64) -> Result<u64, String> {
    let unreadable = || format!("cannot parse time `{text}`");
    if let Ok(ms) = text.parse::<u64>() {
        return Ok(ms);
    }
    let rest = text.strip_prefix("now").ok_or_else(unreadable)?;
    if rest.contains('/') {
        return Err(format!("cannot parse time `{text}`: this test double does not round times"));
    }
    if rest.is_empty() {
        return Ok(now_ms);
    }
    let span = |rest: &str| interval::parse(rest).map_err(|_| unreadable());
    match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
        (Some(back), _) => Ok(now_ms.saturating_sub(span(back)?)),
        (_, Some(ahead)) => Ok(now_ms.saturating_add(span(ahead)?)),
        _ => Err(unreadable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    #[test]
    fn relative_and_millisecond_ranges_are_parsed() {
        let hour = TimeRange { from_ms: NOW - 3_600_000, to_ms: NOW };
        assert_eq!(TimeRange::parse("now-1h", "now", NOW), Ok(hour));
        assert_eq!(TimeRange::parse("1699996400000", "1700000000000", 0), Ok(hour));
        assert_eq!(hour.length(), 3_600_000);
    }

    #[test]
    fn invalid_range_is_rejected() {
        for (from, to) in [("", "now"), ("now-1h", "soon"), ("now", "now-1h"), ("now1h", "now")] {
            assert!(TimeRange::parse(from, to, NOW).is_err(), "{from} {to}");
        }
        let rounded = TimeRange::parse("now/d", "now", NOW).unwrap_err();
        assert!(rounded.contains("does not round"), "{rounded}");
    }
}
