//! A stand-in for the user's application, as well or ill as a test needs it.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use integration_tests::scenario::{Scenario, docker};

/// Long enough to outlast every question, short enough to end with the test.
const SILENCE: Duration = Duration::from_secs(15);

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It answers metrics.
    Metrics,
    /// It answers this body with this header line, or none.
    Answers(&'static str, &'static str),
    /// It takes connections and never answers.
    Silent,
    /// It answers metrics to this machine, and nothing to containers, as if a firewall stood between.
    SilentToContainers,
}

/// A listener that ends with the test.
#[derive(Debug)]
pub(crate) struct Application {
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
}

impl Application {
    /// Listens where containers reach it.
    pub(crate) fn reachable(behaviour: Behaviour) -> Self {
        Self::listen(gateway(), behaviour)
    }

    /// Listens for this machine alone.
    pub(crate) fn on_loopback(behaviour: Behaviour) -> Self {
        Self::listen(IpAddr::V4(Ipv4Addr::LOCALHOST), behaviour)
    }

    fn listen(ip: IpAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port can be had");
        let address = listener.local_addr().expect("a listener has an address");
        let has_ended = Arc::new(AtomicBool::new(false));
        let ends = has_ended.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                thread::spawn(move || behaviour.serve(connection));
            }
        });
        Self { address, has_ended }
    }

    /// Returns its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes the listener; one that is gone already needs no waking.
        drop(TcpStream::connect(self.address));
    }
}

impl Behaviour {
    fn serve(self, mut connection: TcpStream) {
        // This machine can listen on its own addresses only, and may call from any of them.
        let is_container =
            connection.peer_addr().is_ok_and(|peer| TcpListener::bind((peer.ip(), 0)).is_err());
        let (header, body) = match self {
            Self::Answers(header, body) => (header, body),
            Self::SilentToContainers if is_container => return thread::sleep(SILENCE),
            Self::Silent => return thread::sleep(SILENCE),
            Self::Metrics | Self::SilentToContainers => {
                ("Content-Type: text/plain; version=0.0.4\r\n", "app_health_status 1\n")
            }
        };
        let mut request = [0; 4096];
        // A client that leaves in the middle is its own affair.
        drop(connection.read(&mut request).and_then(|_| {
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 200 OK\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }));
    }
}

/// Returns the address under which containers find this machine; only a container knows what the engine makes of it.
pub(crate) fn gateway() -> IpAddr {
    static GATEWAY: LazyLock<IpAddr> = LazyLock::new(|| {
        let image = Scenario::image("prometheus");
        let host = ["--add-host", "this-machine:host-gateway"];
        let asked = [&["run", "--rm"], &host[..], &["--entrypoint", "cat", &image, "/etc/hosts"]].concat();
        let hosts = docker(&asked);
        let line = hosts.lines().find(|line| line.ends_with("this-machine"));
        let address = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        address.unwrap_or_else(|| panic!("the engine has no address for its host: {hosts}"))
    });
    *GATEWAY
}
