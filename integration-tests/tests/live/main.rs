//! Scenarios on the real engine with the real services, from the local registry that `scripts/test.sh` fills.
//!
//! Only Grafana is a double. Nothing is skipped: without an engine or an image a scenario fails.

mod alerting;
mod application;
mod checklist;
mod compose;
mod conflicts;
mod converge;
mod credentials;
mod demo;
mod durability;
mod elsewhere;
mod failure;
mod faults;
mod hardening;
mod lifecycle;
mod observing;
mod pull;

use integration_tests::scenario::Scenario;

/// Starts a scenario with the program of this build.
fn scenario(name: &str) -> Scenario {
    Scenario::new(env!("CARGO_BIN_EXE_tdd-stack-under-test"), name)
}
