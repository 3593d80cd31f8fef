//! What tests `tdd-stack` from outside: helpers, the fake engine, the Grafana double.

pub mod grafana_double;
