//! Ports and addresses of this machine: which ports are free, and which programs listen on the others.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// The files in which the system lists its sockets.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The name, of which the system keeps 15 bytes.
    pub name: String,
    /// The process id.
    pub pid: u32,
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (process {})", self.name, self.pid)
    }
}

/// Returns whether an address belongs to this machine.
pub fn is_own(address: IpAddr) -> bool {
    TcpListener::bind((address, 0)).is_ok()
}

/// Returns whether nothing listens on an address.
pub fn is_free(address: SocketAddr) -> bool {
    match TcpListener::bind(address) {
        Ok(_) => true,
        // An address of another machine is a different problem, which the engine reports.
        Err(error) => error.kind() != std::io::ErrorKind::AddrInUse,
    }
}

/// Returns different ports that nothing listens on.
pub fn free(bind: IpAddr, count: usize) -> Vec<u16> {
    // All listeners stay open until the last port is found, so that no port is returned twice.
    let listeners: Vec<TcpListener> =
        (0..count).filter_map(|_| TcpListener::bind(SocketAddr::new(bind, 0)).ok()).collect();
    listeners.iter().filter_map(|listener| Some(listener.local_addr().ok()?.port())).collect()
}

/// Returns the program that listens on an address, such as `python3 (process 812)`, if the system reveals it.
pub fn holder(address: SocketAddr) -> Option<String> {
    program(address).map(|program| program.to_string())
}

/// Returns the program of a process, if the system reveals it.
pub fn program_of(pid: u32) -> Option<Program> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Program { name: name.trim().to_string(), pid })
}

/// Returns the program that listens on an address, if the system reveals it. An unspecified address, such as `0.0.0.0`,
/// overlaps with every other one.
pub fn program(address: SocketAddr) -> Option<Program> {
    let overlaps = |entry: &Entry<'_>| {
        parsed(entry.address, address.port()).is_some_and(|other| {
            other.ip() == address.ip() || other.ip().is_unspecified() || address.ip().is_unspecified()
        })
    };
    let tables: Vec<String> = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok()).collect();
    // The form in which `/proc/PID/fd` links to sockets.
    let sockets: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| entries(table, address.port()))
        .filter(overlaps)
        .map(|entry| format!("socket:[{}]", entry.inode))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok()).find_map(|pid| {
        let handles = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
        let holds = handles
            .filter_map(|handle| fs::read_link(handle.path()).ok())
            .any(|link| sockets.contains(link.to_string_lossy().as_ref()));
        holds.then(|| program_of(pid)).flatten()
    })
}

/// Returns the addresses on which something listens at a port, if the system reveals them.
pub fn listening(port: u16) -> Option<Vec<SocketAddr>> {
    let tables = TABLES.iter().filter_map(|table| fs::read_to_string(table).ok());
    let mut found = None;
    for table in tables {
        let addresses = entries(&table, port).filter_map(|entry| parsed(entry.address, port));
        found.get_or_insert_with(Vec::new).extend(addresses);
    }
    found
}

/// A listening socket, as a table of `/proc/net` lists it.
struct Entry<'a> {
    /// The address in hexadecimal digits: groups of four bytes in the byte order of this machine.
    address: &'a str,
    inode: &'a str,
}

/// Returns the sockets of a table that listen on a port.
fn entries(table: &str, port: u16) -> impl Iterator<Item = Entry<'_>> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).filter_map(move |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (address, digits) = words.get(1)?.rsplit_once(':')?;
        let is_match = u16::from_str_radix(digits, 16) == Ok(port) && *words.get(3)? == LISTEN;
        is_match.then_some(Entry { address, inode: words.get(9)? })
    })
}

fn parsed(digits: &str, port: u16) -> Option<SocketAddr> {
    let word = |start: usize| u32::from_str_radix(digits.get(start..start + 8)?, 16).ok();
    let words: Vec<[u8; 4]> =
        (0..digits.len()).step_by(8).map(|start| Some(word(start)?.to_ne_bytes())).collect::<Option<_>>()?;
    let ip = match words.as_flattened() {
        bytes if bytes.len() == 4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        bytes => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some(SocketAddr::new(ip.to_canonical(), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn listener_is_detected_and_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(!is_free(address));
        let holder = holder(address).unwrap();
        assert!(holder.contains(&format!("process {}", std::process::id())), "{holder}");
        drop(listener);
        assert!(is_free(address));
    }

    #[test]
    fn holder_of_another_address_is_not_named() {
        let port = free(IpAddr::from([127, 0, 0, 3]), 1)[0];
        let own = TcpListener::bind(("127.0.0.3", port)).unwrap();
        let holder = holder(own.local_addr().unwrap()).unwrap();
        assert!(holder.contains(&format!("process {}", std::process::id())), "{holder}");
        assert_eq!(super::holder(SocketAddr::from(([127, 0, 0, 4], port))), None);
    }

    #[test]
    fn listening_returns_the_bound_addresses() {
        for bind in ["127.0.0.1:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(bind).unwrap();
            let address = listener.local_addr().unwrap();
            assert_eq!(listening(address.port()), Some(vec![address]));
        }
        let port = free(IpAddr::V4(Ipv4Addr::LOCALHOST), 1)[0];
        assert_eq!(listening(port), Some(Vec::new()));
    }

    #[test]
    fn address_is_parsed_in_machine_byte_order() {
        let digits =
            |bytes: [[u8; 4]; 4]| bytes.map(|word| format!("{:08X}", u32::from_ne_bytes(word))).concat();
        let (zero, ones) = ([0; 4], [0, 0, 0xff, 0xff]);
        for (words, expected) in [
            ([zero, zero, zero, [0, 0, 0, 1]], "[::1]:80"),
            ([zero, zero, ones, [127, 0, 0, 1]], "127.0.0.1:80"),
        ] {
            assert_eq!(parsed(&digits(words), 80), Some(expected.parse().unwrap()));
        }
        assert_eq!(parsed("0100007", 80), None);
    }

    #[test]
    fn free_ports_are_distinct() {
        let ports = free(IpAddr::V4(Ipv4Addr::LOCALHOST), 8);
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 8);
    }
}
