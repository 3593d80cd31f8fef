//! A test double of Grafana's HTTP API, for tests and demos without a Grafana image.
//!
//! It answers as Grafana 13 is documented to, queries a real Prometheus, and identifies itself as a double on every page,
//! in its log and in every answer's headers.
//!
//! Differences from Grafana are faults of the double, never conveniences. The [`contract`] lists on what `tdd-stack`
//! relies.

mod api;
mod command;
pub mod contract;
mod flavour;
mod log;
mod name;
mod pages;
mod prometheus;
mod provisioning;
mod running;
mod server;
mod settings;
mod state;
mod time;

use std::process::ExitCode;

use clap::Parser;

pub use api::database::DATABASE_FAILING_FILE;
pub use flavour::Flavour;
pub use name::NAME;
pub use running::Running;

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
    // A query that waits for its upstream must not block the exit.
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
