//! A substitute for the user's application with the behaviour that a test needs.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use integration_tests::scenario::{Scenario, docker};

/// Longer than every request, short enough to end with the test.
const SILENCE: Duration = Duration::from_secs(15);

/// The behaviour of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Answers metrics.
    Metrics,
    /// Answers with this header line, which may be empty, and this body.
    Answers(&'static str, &'static str),
    /// Accepts connections and never answers.
    Silent,
    /// Answers metrics to this machine, but nothing to containers, as if a firewall were between.
    SilentToContainers,
}

/// A listener that ends with the test.
#[derive(Debug)]
pub(crate) struct Application {
    address: SocketAddr,
    has_ended: Arc<AtomicBool>,
}

impl Application {
    /// Starts an application that containers can reach.
    pub(crate) fn reachable(behaviour: Behaviour) -> Self {
        Self::listen(gateway(), behaviour)
    }

    /// Starts an application on loopback.
    pub(crate) fn on_loopback(behaviour: Behaviour) -> Self {
        Self::listen(IpAddr::V4(Ipv4Addr::LOCALHOST), behaviour)
    }

    fn listen(ip: IpAddr, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a port is free");
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
        // The connection wakes the listener, which may have ended already.
        drop(TcpStream::connect(self.address));
    }
}

impl Behaviour {
    fn serve(self, mut connection: TcpStream) {
        // A peer address on which this machine can listen is its own, so all others are containers.
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
        // A client may disconnect early.
        drop(connection.read(&mut request).and_then(|_| {
            let length = body.len();
            write!(
                connection,
                "HTTP/1.1 200 OK\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }));
    }
}

/// Returns the address of this machine for containers; only a container knows what `host-gateway` resolves to.
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
