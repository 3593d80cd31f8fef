//! Scenarios on the real engine with the real services, from the local registry that `scripts/test.sh` fills.
//!
//! Only Grafana is a double. Nothing is skipped: without an engine or an image a scenario fails.

mod alerts;
mod application;
mod backup;
mod checklist;
mod compose;
mod conflicts;
mod converge;
mod crash;
mod credentials;
mod demo;
mod diagnostics;
mod doctor;
mod drill;
mod elsewhere;
mod engine_proxy;
mod failure;
mod faults_container;
mod faults_engine;
mod faults_registry;
mod file_faults;
mod firewall;
mod hardening;
mod host_metrics;
mod kills;
mod lifecycle;
mod logging;
mod logs;
mod notifications;
mod observe;
mod preconditions;
mod pull;
mod receiver;
mod rules;
mod survival;

use integration_tests::scenario::Scenario;

/// Starts a scenario with the program of this build.
fn scenario(name: &str) -> Scenario {
    Scenario::new(env!("CARGO_BIN_EXE_tdd-stack-under-test"), name)
}
