//! The ports of this machine: which are free, and who holds the others.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// Returns whether nothing listens there.
pub fn is_free(address: SocketAddr) -> bool {
    match TcpListener::bind(address) {
        Ok(_) => true,
        // An address that this machine does not have is another fault, which the engine names.
        Err(error) => error.kind() != std::io::ErrorKind::AddrInUse,
    }
}

/// Returns ports that nothing listens on, all different.
pub fn free(bind: IpAddr, count: usize) -> Vec<u16> {
    // All are held until the last is found, so that none is given twice.
    let listeners: Vec<TcpListener> =
        (0..count).filter_map(|_| TcpListener::bind(SocketAddr::new(bind, 0)).ok()).collect();
    listeners.iter().filter_map(|listener| Some(listener.local_addr().ok()?.port())).collect()
}

/// Returns the program that listens on a port, such as `python3 (pid 812)`, where the system lets us know.
pub fn holder(port: u16) -> Option<String> {
    let sockets: BTreeSet<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
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
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        holds.then(|| format!("{} (pid {pid})", name.trim()))
    })
}

/// Returns the sockets of a table of `/proc/net` that listen on a port, as their handles link to them.
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_listening = words.get(1)?.ends_with(&suffix) && *words.get(3)? == LISTEN;
            is_listening.then(|| words.get(9).map(|inode| format!("socket:[{inode}]"))).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_listener_is_seen_and_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(!is_free(address));
        let holder = holder(address.port()).unwrap();
        assert!(holder.contains(&format!("pid {}", std::process::id())), "{holder}");
        drop(listener);
        assert!(is_free(address));
    }

    #[test]
    fn free_ports_are_all_different() {
        let ports = free(IpAddr::V4(Ipv4Addr::LOCALHOST), 8);
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 8);
    }
}
