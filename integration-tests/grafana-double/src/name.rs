//! What the double calls itself.

/// What the double calls itself wherever it speaks.
pub const NAME: &str = "tdd-stack test double, not Grafana";
