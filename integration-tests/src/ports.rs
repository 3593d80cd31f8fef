//! Ports of this machine that belong to one test for as long as it runs.
//!
//! They lie below the range from which systems and engines pick free ports, so no one else is given one by chance.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux picks free ports from 32768 on, as `/proc/sys/net/ipv4/ip_local_port_range` says.
const RANGE: Range<u16> = 20_000..30_000;

/// A port on which nothing listens unless the holder's test does; others may have it when this is dropped.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    number: u16,
    /// Locked as long as the port is reserved; the system unlocks it if the test is killed.
    _lock: File,
}

impl ReservedPort {
    /// Reserves a port for the caller, among all tests of this machine.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("tdd-stack-test-ports");
        std::fs::create_dir_all(&folder).expect("a folder for locks can be made");
        let length = RANGE.end - RANGE.start;
        let first = u16::try_from(std::process::id() % u32::from(length)).expect("it is below the length");
        for _ in RANGE {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = RANGE.start + first.wrapping_add(offset) % length;
            let lock = File::create(folder.join(number.to_string())).expect("a lock can be made");
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::UNSPECIFIED, number)).is_ok() {
                return Self { number, _lock: lock };
            }
        }
        panic!("every port of {RANGE:?} is taken");
    }

    /// Returns the port's number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

impl Default for ReservedPort {
    fn default() -> Self {
        Self::new()
    }
}
