//! Reads environment variables.

use std::ffi::OsString;

/// Returns the value of a variable, if it is set and valid Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place that reads Docker's own variables")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the variables whose names begin with a prefix, without empty ones.
pub(crate) fn variables(prefix: &str) -> Vec<(String, OsString)> {
    let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
    let named = std::env::vars_os().filter_map(named);
    named.filter(|(name, value)| name.starts_with(prefix) && !value.is_empty()).collect()
}
