//! What tests `tdd-stack` from outside: helpers, the fake engine, the Grafana double
//! and the contract it is held to.

pub mod grafana_contract;
pub mod grafana_double;
