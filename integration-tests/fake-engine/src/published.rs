//! A published port for as long as its container runs.
//!
//! Never listens any longer: who sees that a container has ended may take its port at once.

use std::future::poll_fn;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use axum::Router;
use axum::serve::Listener;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A port that is served; it is free again as soon as this is dropped.
#[derive(Debug)]
pub(crate) struct Published {
    port: Port,
    task: AbortHandle,
}

/// What accepts connections. A task that is aborted drops what it has a while later, so the listener is not its own.
#[derive(Clone, Debug)]
struct Port(Arc<Mutex<Option<TcpListener>>>);

impl Published {
    /// Serves a port; must be called inside the runtime.
    pub(crate) fn serve(listener: std::net::TcpListener, router: Router) -> Self {
        let listener = TcpListener::from_std(listener).expect("it does not block");
        let port = Port(Arc::new(Mutex::new(Some(listener))));
        let task = tokio::spawn(std::future::IntoFuture::into_future(axum::serve(port.clone(), router)));
        Self { port, task: task.abort_handle() }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if let Some(listener) = self.port.lock().take() {
            // A process that is about to be started has a copy of the socket for a moment, which closing leaves open.
            drop(SockRef::from(&listener).shutdown(Shutdown::Both));
        }
        self.task.abort();
    }
}

impl Port {
    fn lock(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Port {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        poll_fn(|context| {
            let port = self.lock();
            let Some(listener) = &*port else { return Poll::Pending };
            match listener.poll_accept(context) {
                Poll::Ready(Ok(accepted)) => Poll::Ready(accepted),
                // The client has gone already; the next one may not have.
                Poll::Ready(Err(_)) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.lock().as_ref().map_or(Err(std::io::ErrorKind::NotConnected.into()), TcpListener::local_addr)
    }
}
