//! Replaces values that differ between runs: times, ids, addresses, temporary folders.

use regex_lite::Regex;

/// Patterns and their replacements, in this order.
const REPLACED: [(&str, &str); 8] = [
    (r"\b[0-9a-f]{64}\b", "[ID]"),
    (r"/tmp/\.tmp\w+", "[TMP]"),
    (r"127\.\d+\.\d+\.\d+:\d+", "[ADDRESS]"),
    (r"127\.\d+\.\d+\.\d+", "[IP]"),
    (r"\(process \d+\)", "(process [PID])"),
    (r"\b\d+\.\d{1,2} ?s\b", "[TIME]"),
    // These counts change with the shipped files.
    (r"\b\d+ of \d+ (healthy|panels)", "[N] of [N] $1"),
    // Column widths follow their content.
    (r" {2,}", "  "),
];

pub(super) fn all(text: &str) -> String {
    REPLACED.iter().fold(text.to_string(), |text, (pattern, by)| {
        let pattern = Regex::new(pattern).expect("the patterns are valid");
        pattern.replace_all(&text, *by).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variable_values_are_replaced() {
        let text =
            "stack tdd is up in 0.53 s (0.5s)\nat /tmp/.tmpAb1/config http://127.9.0.1:4000/x   a  port 9090";
        let redacted = "stack tdd is up in [TIME] ([TIME])\nat [TMP]/config http://[ADDRESS]/x  a  port 9090";
        assert_eq!(all(text), redacted);
    }
}
