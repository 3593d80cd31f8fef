//! Text helpers for messages: lists, durations and logs.

use std::fmt;
use std::time::Duration;

pub(super) fn one_or_list<T: fmt::Display>(one: &str, many: &str, items: &[T]) -> String {
    match items {
        [only] => format!("{one}: {only}"),
        items => {
            let lines: Vec<String> = items.iter().map(|item| format!("\n  {item}")).collect();
            format!("{} {many}{}", items.len(), lines.concat())
        }
    }
}

pub(super) fn as_before(services: &[&str]) -> String {
    match services {
        [only] => format!("{only} runs as before"),
        services => format!("{} run as before", services.join(", ")),
    }
}

pub(super) fn waited_for(time: Duration) -> String {
    if time.is_zero() {
        return String::new();
    }
    format!(" (waited {})", humantime::format_duration(time))
}

pub(super) fn done_before(steps: &[String]) -> String {
    if steps.is_empty() { String::new() } else { format!("; completed before: {}", steps.join(", ")) }
}

pub(super) fn by(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

pub(super) fn quoted_log(log: &[String]) -> String {
    let lines: Vec<String> = log.iter().map(|line| format!("\n  | {line}")).collect();
    lines.concat()
}
