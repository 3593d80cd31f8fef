//! Finds out where the engine publishes its ports: on this machine or elsewhere. Changes nothing.
//!
//! The program that listens on the socket decides. The engine is asked only if that program is not conclusive.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bollard::Docker;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::Engine;
use super::timeout::{Connection, QUICK};
use crate::docker::endpoint::{Address, Elsewhere, Listener, Locality, Machine};
use crate::docker::phrases;
use crate::error::{Error, OutOfReach, Result};
use crate::ports::{self, Program};

/// The program that publishes the ports of a rootless engine on its host.
const ROOTLESSKIT: &str = "rootlesskit";
/// How many ancestors of the engine are searched for `RootlessKit`, which is a few processes above it.
const GENERATIONS: usize = 16;
/// The flag of a listening socket in the system's table of Unix sockets.
const LISTENS: &str = "00010000";

/// Returns where the engine at an address publishes its ports.
pub(super) async fn find(docker: &Connection, address: &Address) -> Locality {
    let listener = match address {
        Address::Unix(path) => of_socket(path).await,
        Address::Tcp { host, port } => match of_port(host, *port).await {
            Some(listener) => listener,
            None => return Locality::Elsewhere(Elsewhere::OtherMachine),
        },
    };
    match listener.locality() {
        Some(locality) => locality,
        None => of_engine(docker).await,
    }
}

impl Engine {
    /// Returns whether the engine publishes its ports on this machine, in this program's network.
    pub fn is_here(&self) -> bool {
        self.locality == Locality::Here
    }

    /// Fails if a port that the engine publishes on this address is not reachable from here.
    pub fn reaches(&self, on: IpAddr) -> Result<()> {
        self.host(on).map(drop)
    }

    /// Returns the URL of a published port. Fails if the port is not reachable from here.
    pub fn url(&self, published: SocketAddr) -> Result<String> {
        let host = self.host(published.ip())?;
        let port = published.port();
        Ok(if host.contains(':') {
            format!("http://[{host}]:{port}")
        } else {
            format!("http://{host}:{port}")
        })
    }

    /// Fails if the machine that containers reach as their host is not this one.
    pub fn is_containers_host(&self) -> Result<()> {
        match &self.locality {
            Locality::Here => Ok(()),
            Locality::Elsewhere(source) => {
                let source = source.clone();
                Err(Error::OutOfReach(OutOfReach::Application { engine: self.named(), source }))
            }
        }
    }

    fn host(&self, on: IpAddr) -> Result<String> {
        let host = self.locality.host(&self.endpoint.address, on, ports::is_own);
        host.ok_or_else(|| {
            let source = match &self.locality {
                Locality::Here => Elsewhere::Unknown,
                Locality::Elsewhere(source) => source.clone(),
            };
            Error::OutOfReach(OutOfReach::Ports { engine: self.named(), on, source })
        })
    }

    fn named(&self) -> String {
        format!("{} ({})", self.endpoint, self.endpoint.origin)
    }
}

async fn of_socket(path: &Path) -> Listener {
    // The kernel reports who began to listen: the engine, the service manager that started it, or a forwarder.
    let peer = match timeout(QUICK, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => stream.peer_cred().ok().and_then(|peer| u32::try_from(peer.pid()?).ok()),
        Ok(Err(_)) | Err(_) => None,
    };
    // The process id 0 means a process of another PID namespace.
    let pid = peer.filter(|pid| *pid > 0);
    let shares_network = pid.and_then(shares_network).or_else(|| listens_in_this_network(path));
    Listener {
        shares_network,
        program: pid.and_then(ports::program_of),
        is_published_here: shares_network == Some(false) && pid.is_some_and(is_published_here),
    }
}

/// Returns what listens on a port of this machine, or `None` if the address belongs to another machine.
async fn of_port(host: &str, port: u16) -> Option<Listener> {
    let stream = timeout(QUICK, TcpStream::connect((host, port))).await.ok()?.ok()?;
    let address = stream.peer_addr().ok()?.ip().to_canonical();
    if !address.is_loopback() && !ports::is_own(address) {
        return None;
    }
    // If nothing listens here, a packet filter redirects the port to another network.
    let covers = |socket: &SocketAddr| socket.ip().is_unspecified() || socket.ip() == address;
    Some(Listener {
        shares_network: ports::listening(port).map(|sockets| sockets.iter().any(covers)),
        program: ports::program(SocketAddr::new(address, port)),
        is_published_here: false,
    })
}

/// Asks the engine on which machine it runs.
async fn of_engine(docker: &Connection) -> Locality {
    let Ok(info) = docker.with_timeout(Docker::info).await else {
        return Locality::Elsewhere(Elsewhere::Unknown);
    };
    let engine = Machine {
        name: info.name.unwrap_or_default(),
        memory: info.mem_total,
        is_forwarded_here: info.operating_system.as_deref().is_some_and(phrases::forwards_ports),
    };
    let this = Machine {
        name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        memory: memory(),
        is_forwarded_here: false,
    };
    engine.locality(&this)
}

/// Returns this machine's memory in bytes, as an engine determines it.
fn memory() -> Option<i64> {
    let table = fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes = table.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kibibytes.split_whitespace().next()?.parse::<i64>().ok()?.checked_mul(1024)
}

/// Returns whether a process is in this process's network namespace, if the system reveals it.
fn shares_network(pid: u32) -> Option<bool> {
    let identity = |process: &str, file: &str| {
        let seen = fs::metadata(format!("/proc/{process}/{file}")).ok()?;
        Some((seen.dev(), seen.ino()))
    };
    // Only root may read the namespaces of root's processes. Everyone may read `net/dev`, and each network
    // namespace has its own.
    ["ns/net", "net/dev"]
        .into_iter()
        .find_map(|file| Some(identity(&pid.to_string(), file)? == identity("self", file)?))
}

/// Returns whether the socket at a path listens in this program's network namespace.
fn listens_in_this_network(path: &Path) -> Option<bool> {
    let table = fs::read_to_string("/proc/self/net/unix").ok()?;
    let listening = table
        .lines()
        .filter(|line| line.split_whitespace().nth(3) == Some(LISTENS))
        .filter_map(|line| line.find('/').map(|path| Path::new(&line[path..])));
    Some(listening.into_iter().any(|bound| is_same(bound, path)))
}

/// Returns whether two paths lead to one socket. `bound` may be a path in another mount namespace.
fn is_same(bound: &Path, path: &Path) -> bool {
    let plain = |path: &Path| path.strip_prefix("/var").unwrap_or(path).as_os_str().to_owned();
    let identity = |path: &Path| fs::metadata(path).ok().map(|seen| (seen.dev(), seen.ino()));
    identity(bound).is_some_and(|bound| Some(bound) == identity(path))
        || (path.starts_with("/run") || path.starts_with("/var/run")) && plain(bound) == plain(path)
}

/// Returns whether `RootlessKit`, in this program's network namespace, is an ancestor of a process.
fn is_published_here(pid: u32) -> bool {
    let parent = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
    };
    let is_rootlesskit =
        |pid: u32| ports::program_of(pid).is_some_and(|Program { name, .. }| name == ROOTLESSKIT);
    std::iter::successors(Some(pid), parent)
        .take(GENERATIONS)
        .take_while(|pid| *pid > 1)
        .any(|pid| is_rootlesskit(pid) && shares_network(pid) == Some(true))
}
