//! Checks the Grafana double against the contract in both flavours, and its own behaviour.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod assertions;
mod command;
mod double;
mod fake_prometheus;
mod pages;
mod process;
mod provisioning;
mod queries;
mod reset;
mod setting;
