//! tdd-stack manages a monitoring stack through the Docker Engine API and verifies that it monitors.
//!
//! Data flows one way, and every arrow is a plain value:
//!
//! ```text
//! Settings ──> Stack (desired) ──┐
//!                                ├─> plan ──> Plan ──> execute ══ Event ══> output
//! engine ──> observe ─> Observed ┘                        │
//!                                                         └──> verify ──> Verification ──> exit code
//! ```
//!
//! Read `model/stack`, `model/observed`, `plan` and `execute` in this order. `ARCHITECTURE.md` states which
//! module may use which.

pub mod backup;
mod cli;
mod commands;
pub mod config;
pub mod context;
mod deadline;
pub mod demo;
pub mod diagnostics;
pub mod docker;
pub mod doctor;
pub mod drill;
pub mod engine;
pub mod error;
pub mod execute;
pub mod files;
pub mod http;
pub mod model;
pub mod observe;
pub mod output;
pub mod plan;
pub mod ports;
pub mod services;
mod session;
pub mod status;
pub mod verify;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use error::{Error, exit_code};
use session::Exit;
use session::diagnostics::Kept;

/// Parses the command line, runs the command, prints an error if there is one, and returns the exit code.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let cli = match cli::parse(&words) {
        Ok(cli) => cli,
        Err(stop) => return stop.report(),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Error::engine("start the async runtime")(error), None, None),
    };
    let (outcome, output, diagnostics) = runtime.block_on(commands::run(cli.command, cli.global));
    match outcome {
        Ok(Exit::Reached) => ExitCode::SUCCESS,
        Ok(Exit::Problems) => ExitCode::from(exit_code::FAILED),
        Ok(Exit::ChangesPending) => ExitCode::from(exit_code::CHANGES_PENDING),
        // On a terminal the printed result says it already, right above.
        Ok(Exit::Judged(error)) if std::io::stdout().is_terminal() => ExitCode::from(error.exit_code()),
        Ok(Exit::Interrupted) => ExitCode::from(exit_code::INTERRUPTED),
        Ok(Exit::Judged(error) | Exit::Reported(error)) => report(&error, None, diagnostics.as_ref()),
        Err(error) => report(&error, Some(output), diagnostics.as_ref()),
    }
}

/// Prints an error with its causes and its hint, and returns its exit code. With JSON output, the error goes to
/// standard output too, unless a result was already printed there.
fn report(
    error: &Error,
    output: Option<config::settings::OutputFormat>,
    diagnostics: Option<&Kept>,
) -> ExitCode {
    output::error(error, output, diagnostics.map(|kept| kept.as_deref().map_err(String::as_str)));
    ExitCode::from(error.exit_code())
}
