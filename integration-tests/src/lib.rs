//! Helpers that test `tdd-stack` from outside: scenes with a fake engine, and scenarios on the real one.
//!
//! The program always runs as a separate process; tests see only its sockets, files and output.
#![expect(clippy::missing_panics_doc, reason = "in test helpers a panic is a failed test")]

pub mod cli;
pub mod engine_proxy;
pub mod faulty_registry;
pub mod http;
mod ports;
pub mod relay;
pub mod retained_data;
pub mod runtime;
pub mod scenario;
pub mod scene;
pub mod second_engine;
pub mod simulate;

/// Returns the path of the program `socket-relay`; a macro, since only a test knows it.
#[macro_export]
macro_rules! relay {
    () => {
        env!("CARGO_BIN_EXE_socket-relay")
    };
}

/// Returns the path of the program under test; a macro, since only a test knows it.
#[macro_export]
macro_rules! program {
    () => {
        env!("CARGO_BIN_EXE_tdd-stack-under-test")
    };
}
