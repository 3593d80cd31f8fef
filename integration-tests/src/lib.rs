//! What tests `tdd-stack` from outside: a machine with a fake engine, and scenarios on the real one.
//!
//! Never looks inside the program: it is run as a process, and met at its sockets, its files and its output.
#![expect(clippy::missing_panics_doc, reason = "these are helpers of tests: a panic is a failed test")]

pub mod cli;
pub mod engine_proxy;
pub mod faulty_registry;
pub mod http;
pub mod keepsakes;
mod ports;
pub mod relay;
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
