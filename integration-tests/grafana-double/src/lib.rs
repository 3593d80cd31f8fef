//! A test double of Grafana's HTTP API, for tests and demos where no Grafana image can be had.
//!
//! It answers as Grafana 13 is documented to, asks a real Prometheus, and says on every page, in every log and
//! in every answer's headers that it is a double.
//!
//! Never makes a client's life easier than Grafana does: where the two differ, the double is wrong. What `tdd-stack`
//! relies on is the [`contract`].

mod answer;
mod app;
mod auth;
mod body;
mod command;
pub mod contract;
mod dashboards;
mod data_sources;
mod flavour;
mod folders;
mod health;
mod lockout;
mod log;
mod metrics;
mod org;
mod pages;
mod password;
mod preferences;
mod prometheus;
mod provisioning;
mod query;
mod router;
mod running;
mod search;
mod series;
mod server;
mod settings;
mod slug;
mod state;
mod store;
mod time;
mod uid;

use std::process::ExitCode;

use clap::Parser;

pub use flavour::Flavour;
pub use running::Running;

/// What the double calls itself wherever it speaks.
pub const NAME: &str = "tdd-stack test double, not Grafana";

/// The file in the data folder that makes `/api/health` report a failing database.
pub const DATABASE_FAILING_FILE: &str = "database-failing";

/// Serves until `SIGTERM` or `SIGINT`, and returns the exit code; under the name `grafana`, runs a command instead.
pub fn main() -> ExitCode {
    let called = std::env::args_os().next().map(std::path::PathBuf::from);
    if called.is_some_and(|called| called.file_name().is_some_and(|name| name == command::NAME)) {
        return command::main();
    }
    let flags = settings::Flags::parse();
    log::announce();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start threads: {error}")),
    };
    let served =
        settings::Settings::resolve(flags).and_then(|settings| runtime.block_on(server::run(settings)));
    // A query that a dead upstream holds must not hold the process.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => failed(&reason),
    }
}

fn failed(reason: &str) -> ExitCode {
    log::raw(reason);
    ExitCode::FAILURE
}
