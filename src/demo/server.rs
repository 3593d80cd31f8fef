//! HTTP servers on addresses of this machine, which can be closed so that nobody can tell they were there.
//!
//! Never listens on every address: who asked for loopback and a bridge has these two.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Conflict, Error, Result};
use crate::ports;

/// How long answers under way may take once a server is closed.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A port on some addresses, listened on but not yet served.
#[derive(Debug)]
pub(super) struct Bound {
    listeners: Vec<TcpListener>,
    port: u16,
}

/// A router that is served on some addresses.
#[derive(Debug)]
pub(super) struct Server {
    running: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Bound {
    /// Listens on a port; port 0 is any free one, the same on all addresses. `role` is who needs it.
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

    /// Serves a router.
    pub(super) fn serve(self, router: &Router) -> Server {
        let running = self.listeners.into_iter().map(|listener| {
            let (stop, stopped) = oneshot::channel::<()>();
            let serving = axum::serve(listener, router.clone())
                // A sender that is gone means the same as one that sends.
                .with_graceful_shutdown(async { drop(stopped.await) });
            // An error of a single connection ends that connection only.
            (stop, tokio::spawn(async { drop(serving.await) }))
        });
        Server { running: running.collect() }
    }
}

impl Server {
    /// Stops listening and ends every connection, those that a client keeps open included.
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
            holder: ports::holder(address.port()),
        }]);
    }
    let reason = match error.kind() {
        ErrorKind::AddrNotAvailable => "this machine does not have that address".to_string(),
        _ => format!("the {role} cannot listen on {address}: {error}"),
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
    /// Used by one test alone, so that a port closed here is nobody else's free one.
    const QUIET: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 31));

    #[tokio::test]
    async fn a_closed_server_ends_kept_connections_and_can_open_again() {
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
    async fn a_taken_port_is_a_conflict_that_names_its_holder() {
        let held = Bound::new("test", &[LOOPBACK], 0).await.unwrap();
        let error = Bound::new("alert receiver", &[LOOPBACK], held.port()).await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let text = error.to_string();
        let holder = format!("process {}", std::process::id());
        assert!(text.contains("alert receiver") && text.contains(&holder), "{text}");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_a_mistake_on_the_command_line() {
        let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
        let error = Bound::new("test", &[elsewhere], 0).await.unwrap_err();
        assert_eq!((error.exit_code(), error.to_string().contains("--listen 192.0.2.1")), (2, true));
    }
}
