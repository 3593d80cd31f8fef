//! Durations in Grafana's formats, in milliseconds.

/// The longest unit.
pub(super) const YEAR: u64 = 31_536_000_000;

const UNITS: [(&str, u64); 8] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("M", 2_592_000_000),
    ("y", YEAR),
];

/// Parses an interval such as `15s`, `>1m30s` or `30`, which means seconds.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let unreadable = || format!("invalid interval `{text}`");
    let mut rest = text.trim_start_matches(['<', '>']);
    if rest.is_empty() {
        return Err(unreadable());
    }
    if let Ok(seconds) = rest.parse::<u64>() {
        return Ok(seconds * 1000);
    }
    let mut total = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(unreadable)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| unreadable())?;
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(unreadable)?;
        total += number * length;
        rest = after;
    }
    Ok(total)
}

/// Formats a duration in its largest unit, like `$__interval`.
pub(crate) fn short(ms: u64) -> String {
    let units = [("y", YEAR), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let unit = units.iter().find(|(_, length)| ms >= *length);
    unit.map_or("1ms".into(), |(name, length)| format!("{}{name}", ms / length))
}

/// Formats a duration as Go does, like `$__rate_interval`: `1m0s`.
pub(crate) fn go(ms: u64) -> String {
    if ms == 0 {
        return "0s".into();
    }
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let seconds = match ms % 1000 {
        0 => (ms / 1000 % 60).to_string(),
        rest => format!("{}.{rest:03}", ms / 1000 % 60).trim_end_matches('0').to_string(),
    };
    match (ms / 3_600_000, ms / 60_000 % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_parsed_like_grafana() {
        for (text, ms) in
            [("15s", 15_000), (">1m", 60_000), ("30", 30_000), ("1h30m", 5_400_000), ("2w", 1_209_600_000)]
        {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        for text in ["", "s", "1x", "m5"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_short_and_go_format() {
        for (ms, shortly, fully) in [
            (0, "1ms", "0s"),
            (500, "500ms", "500ms"),
            (1_500, "1s", "1.5s"),
            (15_000, "15s", "15s"),
            (75_000, "1m", "1m15s"),
            (3_600_000, "1h", "1h0m0s"),
            (90_000_000, "1d", "25h0m0s"),
        ] {
            assert_eq!((short(ms).as_str(), go(ms).as_str()), (shortly, fully), "{ms}");
        }
    }
}
