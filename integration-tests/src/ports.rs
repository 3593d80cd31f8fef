//! Ports of this machine that one test reserves while it runs.
//!
//! They are below the range from which systems and engines choose free ports, so they are never assigned by chance.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux chooses free ports from 32768 on (`/proc/sys/net/ipv4/ip_local_port_range`).
const RANGE: Range<u16> = 20_000..30_000;

/// A port on which only the holder's test may listen until this is dropped.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    number: u16,
    /// Locked while the port is reserved; the system unlocks it if the test is killed.
    _lock: File,
}

impl ReservedPort {
    /// Reserves a port among all tests of this machine.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = std::env::temp_dir().join("tdd-stack-test-ports");
        std::fs::create_dir_all(&folder).expect("a folder for locks can be created");
        let length = RANGE.end - RANGE.start;
        let first =
            u16::try_from(std::process::id() % u32::from(length)).expect("the remainder is below the length");
        for _ in RANGE {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed);
            let number = RANGE.start + first.wrapping_add(offset) % length;
            let lock = File::create(folder.join(number.to_string())).expect("a lock file can be created");
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
