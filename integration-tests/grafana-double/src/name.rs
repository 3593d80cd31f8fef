//! The name of the double.

/// The name that the double gives itself in every output.
pub const NAME: &str = "tdd-stack test double, not Grafana";
