//! A test double of Grafana's HTTP API, for tests and demos where no Grafana image can be had.
//!
//! It answers as Grafana 13 is documented to, asks a real Prometheus, and says on every page, in every log and
//! in every answer's headers that it is a double.
//!
//! Never makes a client's life easier than Grafana does: where the two differ, the double is wrong. What `tdd-stack`
//! relies on is the [`contract`].

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
