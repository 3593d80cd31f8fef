//! What tests `tdd-stack` from outside: the fake engine and its services, the double of Grafana and the contract it is
//! held to, and scenarios on the real engine.
//!
//! Never looks inside the program: it is run as a process, and met at its sockets, its files and its output.
#![expect(clippy::missing_panics_doc, reason = "these are helpers of tests: a panic is a failed test")]

pub mod cli;
pub mod engine_proxy;
pub mod fake_engine;
pub mod fake_services;
pub mod faulty_registry;
pub mod grafana_contract;
pub mod grafana_double;
pub mod http;
pub mod keepsakes;
mod ports;
pub mod runtime;
pub mod scenario;
pub mod scene;
pub mod second_engine;
pub mod simulate;

/// Returns the path of the program under test; a macro, since only a test knows it.
#[macro_export]
macro_rules! program {
    () => {
        env!("CARGO_BIN_EXE_tdd-stack-under-test")
    };
}
