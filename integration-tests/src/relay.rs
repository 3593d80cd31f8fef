//! A process that listens where a test asks for it, and passes on what comes.
//!
//! A socket of the test's own process does not end when it is closed: whatever another test is about to start has a copy
//! of it for a moment.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::scenario::eventually;

/// A process of the program `socket-relay`, ended when it is dropped.
#[derive(Debug)]
pub struct Relay(Child);

impl Relay {
    /// Starts a relay by its command line and waits until it listens. Both ends are `unix:PATH` or `tcp:ADDRESS:PORT`.
    pub fn start(command: &[&str], from: &str, to: &str) -> Self {
        let (program, arguments) = command.split_first().expect("it begins with a program");
        let started = Command::new(program).args(arguments).args([from, to]).stdin(Stdio::null()).spawn();
        let relay = Self(started.expect("the relay can be started"));
        let listens = || match from.split_once(':') {
            Some(("tcp", address)) => TcpStream::connect(address).is_ok(),
            _ => Path::new(from.trim_start_matches("unix:")).exists(),
        };
        eventually("the relay listens", listens, |listens| *listens);
        relay
    }

    /// Returns the process' number.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
