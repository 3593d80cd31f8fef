//! Reads environment variables.

/// Returns the value of a variable, if it is set and valid Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place that reads Docker's own variables")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
