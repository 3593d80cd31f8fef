//! HTTP servers on given addresses of this machine, which close all connections when they stop.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Conflict, Error, Result};
use crate::ports;

/// The time for pending responses after a server is closed.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A port that is opened on some addresses but not yet served.
#[derive(Debug)]
pub(super) struct Bound {
    listeners: Vec<TcpListener>,
    port: u16,
}

/// A running HTTP server on some addresses.
#[derive(Debug)]
pub(super) struct Server {
    running: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Bound {
    /// Opens a port on all addresses; port 0 means any port that is free on the first address. Errors name
    /// the `role`.
    pub(super) async fn new(role: &str, addresses: &[IpAddr], port: u16) -> Result<Self> {
        let mut bound = Self { listeners: Vec::new(), port };
        for &address in addresses {
            let wanted = SocketAddr::new(address, bound.port);
            let listener = TcpListener::bind(wanted).await.map_err(|error| refused(role, wanted, &error))?;
            bound.port = listener.local_addr().map_err(|error| refused(role, wanted, &error))?.port();
            bound.listeners.push(listener);
        }
        Ok(bound)
    }

    /// Returns the port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts to serve a router.
    pub(super) fn serve(self, router: &Router) -> Server {
        let running = self.listeners.into_iter().map(|listener| {
            let (stop, stopped) = oneshot::channel::<()>();
            let serving = axum::serve(listener, router.clone())
                // A dropped sender stops the server too.
                .with_graceful_shutdown(async { drop(stopped.await) });
            // The server handles the errors of single connections itself.
            (stop, tokio::spawn(async { drop(serving.await) }))
        });
        Server { running: running.collect() }
    }
}

impl Server {
    /// Stops listening and closes every connection, including idle connections that a client keeps open.
    pub(super) async fn close(self) {
        let (stops, tasks): (Vec<_>, Vec<_>) = self.running.into_iter().unzip();
        drop(stops);
        for mut task in tasks {
            if tokio::time::timeout(LAST_ANSWERS, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

fn refused(role: &str, address: SocketAddr, error: &std::io::Error) -> Error {
    if error.kind() == ErrorKind::AddrInUse {
        return Error::Conflicts(vec![Conflict::FixedPort {
            service: role.to_string(),
            address,
            holder: ports::holder(address),
        }]);
    }
    let reason = match error.kind() {
        ErrorKind::AddrNotAvailable => "it is not an address of this machine".to_string(),
        _ => format!("the {role} cannot listen on `{address}`: {error}"),
    };
    Error::Usage { place: format!("--listen {}", address.ip()), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// Used by one test only, so that no other test takes a port that is closed here.
    const QUIET: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 31));

    #[tokio::test]
    async fn closed_server_ends_idle_connections_and_reopens() {
        let router = Router::new().route("/", get(async || "here"));
        let bound = Bound::new("test", &[QUIET], 0).await.unwrap();
        let port = bound.port();
        let server = bound.serve(&router);
        let mut kept = TcpStream::connect((QUIET, port)).await.unwrap();
        kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        kept.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        server.close().await;
        let mut rest = Vec::new();
        kept.read_to_end(&mut rest).await.unwrap();
        assert!(TcpStream::connect((QUIET, port)).await.is_err());
        let again = Bound::new("test", &[QUIET], port).await.unwrap().serve(&router);
        assert!(TcpStream::connect((QUIET, port)).await.is_ok());
        again.close().await;
    }

    #[tokio::test]
    async fn taken_port_is_conflict_with_its_holder() {
        let held = Bound::new("test", &[LOOPBACK], 0).await.unwrap();
        let error = Bound::new("alert receiver", &[LOOPBACK], held.port()).await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let text = error.to_string();
        let holder = format!("process {}", std::process::id());
        assert!(text.contains("alert receiver") && text.contains(&holder), "{text}");
    }

    #[tokio::test]
    async fn foreign_listen_address_is_usage_error() {
        let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
        let error = Bound::new("test", &[elsewhere], 0).await.unwrap_err();
        assert_eq!((error.exit_code(), error.to_string().contains("--listen 192.0.2.1")), (2, true));
    }
}
