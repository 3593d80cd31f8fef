//! Holds the Grafana double to the contract, in both flavours, and checks what is the double's own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "grafana_contract/assertions.rs"]
mod assertions;
#[path = "grafana_contract/command.rs"]
mod command;
#[path = "grafana_contract/double.rs"]
mod double;
#[path = "grafana_contract/fake_prometheus.rs"]
mod fake_prometheus;
#[path = "grafana_contract/pages.rs"]
mod pages;
#[path = "grafana_contract/process.rs"]
mod process;
#[path = "grafana_contract/provisioning.rs"]
mod provisioning;
#[path = "grafana_contract/queries.rs"]
mod queries;
#[path = "grafana_contract/reset.rs"]
mod reset;
#[path = "grafana_contract/setting.rs"]
mod setting;
