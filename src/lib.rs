//! tdd-stack: brings up a monitoring stack through the Docker Engine API and sees that it observes.
//!
//! Data flows one way, and every arrow is a plain value:
//!
//! ```text
//! Settings ──> Stack (desired) ──┐
//!                                ├─> plan() ──> Plan ──> apply() ══ Event ══> render
//! engine.observe() ─> Observed ──┘                          │
//!                                                           └──> prove() ──> Proof ──> exit code
//! ```
//!
//! Read `stack`, `observed`, `plan`, `apply` in this order; `ARCHITECTURE.md` says who may use whom.

pub mod advice;
pub mod alerts;
pub mod apply;
pub mod backup;
pub mod backup_file;
pub mod check_output;
mod cli;
mod commands;
pub mod contents;
pub mod dashboard;
pub mod demo;
pub mod doctor;
pub mod drill;
pub mod endpoint;
pub mod engine;
pub mod engine_phrases;
pub mod error;
pub mod event;
pub mod evidence;
pub mod examine;
pub mod files;
pub mod http;
pub mod image_reference;
pub mod layers;
pub mod observe;
pub mod observed;
pub mod overlay;
pub mod plan;
pub mod ports;
pub mod printable;
pub mod proof;
pub mod prove;
pub mod ready;
pub mod registry_auth;
pub mod rehearse;
pub mod render;
pub mod services;
pub mod settings;
pub mod stack;
pub mod status;

use std::process::ExitCode;

use clap::Parser;

use commands::Exit;
use commands::evidence::Kept;
use error::Error;

/// Parses the command line, runs the verb, prints an error if there is one, and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
            if render::refusal(&error.to_string()) {
                return code;
            }
            // Help goes to standard output and a mistake to standard error; a closed pipe is no failure.
            drop(error.print());
            return code;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Error::engine("start the program's own threads")(error), None, None),
    };
    let (outcome, output, evidence) = runtime.block_on(commands::run(cli.command, cli.global));
    match outcome {
        Ok(Exit::Reached) => ExitCode::SUCCESS,
        Ok(Exit::Amiss) => ExitCode::from(1),
        Ok(Exit::ChangesPending) => ExitCode::from(10),
        Ok(Exit::Reported(error)) => report(&error, None, evidence.as_ref()),
        Err(error) => report(&error, Some(output), evidence.as_ref()),
    }
}

/// Prints an error, its causes and its hint, and returns its exit code. In JSON it goes to standard output too,
/// unless a result stands there already.
fn report(error: &Error, output: Option<settings::Output>, evidence: Option<&Kept>) -> ExitCode {
    render::error(error, output, evidence.map(|kept| kept.as_deref().map_err(String::as_str)));
    ExitCode::from(error.exit_code())
}
