//! The connection to the engine, on which every call has a time limit. No other file has the client itself.
//!
//! A long call may continue as long as the engine answers pings at the same time.

use std::io;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::Engine;
use crate::deadline;
use crate::error::Error;

type CallResult<T> = std::result::Result<T, EngineError>;

/// For reads and signals, which a healthy engine answers in milliseconds.
pub(super) const QUICK: Duration = Duration::from_secs(15);

/// For calls that make the engine work on disks, networks and processes: seconds on a busy machine.
pub(super) const WORK: Duration = Duration::from_mins(1);

/// For calls that last as long as a program in a container: a history of months is generated in minutes.
pub(super) const PROGRAM: Duration = Duration::from_mins(30);

/// The interval of pings while the engine works on a call.
const BETWEEN_PINGS: Duration = Duration::from_secs(5);

/// For the ping after a call has failed.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// A connection to the engine. It lends its client only to calls, each with a time limit.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    docker: Docker,
}

impl Connection {
    /// Returns a connection that uses a client.
    pub(super) fn new(docker: Docker) -> Self {
        Self { docker }
    }

    /// Runs a short call, within [`QUICK`].
    pub(super) fn with_timeout<'a, T, F>(
        &'a self,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = CallResult<T>>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.within(QUICK, call)
    }

    /// Runs a call within `limit`.
    pub(super) fn within<'a, T, F>(
        &'a self,
        limit: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = CallResult<T>>
    where
        F: Future<Output = CallResult<T>>,
    {
        // Boxed, so that the futures that wait for the call stay small.
        let call = Box::pin(call(&self.docker));
        deadline::within(limit, call, move || silent(limit))
    }

    /// Runs a longer call within `limit`. It also ends when the engine does not answer a ping.
    pub(super) fn with_heartbeat<'a, T, F>(
        &'a self,
        limit: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = CallResult<T>>
    where
        F: Future<Output = CallResult<T>>,
    {
        let call = self.within(limit, call);
        async move {
            tokio::select! {
                answer = call => answer,
                reason = self.unreachable() => Err(reason),
            }
        }
    }

    /// Returns a stream that ends with an error after `limit` without an item, or when a ping is not answered.
    pub(super) fn stream_with_heartbeat<T, S>(
        &self,
        limit: Option<Duration>,
        call: impl FnOnce(&Docker) -> S,
    ) -> BoxStream<'static, CallResult<T>>
    where
        T: Send + 'static,
        S: Stream<Item = CallResult<T>> + Send + 'static,
    {
        let connection = self.clone();
        let stream_with_heartbeat = stream::unfold(Some(Box::pin(call(&self.docker))), move |state| {
            let connection = connection.clone();
            async move {
                let mut stream = state?;
                let next = timeout(limit.unwrap_or(Duration::MAX), stream.next());
                let reason = tokio::select! {
                    next = next => match next {
                        Ok(item) => return item.map(|item| (item, Some(stream))),
                        Err(_) => silent(limit.unwrap_or_default()),
                    },
                    reason = connection.unreachable() => reason,
                };
                Some((Err(reason), None))
            }
        });
        stream_with_heartbeat.boxed()
    }

    /// Waits until the engine does not answer a ping, and returns the reason.
    async fn unreachable(&self) -> EngineError {
        loop {
            sleep(BETWEEN_PINGS).await;
            if let Err(reason) = self.with_timeout(Docker::ping).await {
                return reason;
            }
        }
    }
}

impl Engine {
    /// Returns the error unchanged, or [`Error::EngineLost`] with it as the cause if the engine does not
    /// answer.
    pub async fn explain(&self, error: Error) -> Error {
        let (Error::Engine { .. } | Error::Pull { .. } | Error::Http { .. } | Error::Died { .. }) =
            error.first()
        else {
            return error;
        };
        match self.docker.within(LAST_LOOK, Docker::ping).await {
            Ok(_) | Err(EngineError::DockerResponseServerError { .. }) => error,
            Err(_) => Error::EngineLost {
                address: format!("{} ({})", self.endpoint, self.endpoint.origin),
                source: Box::new(error),
            },
        }
    }
}

fn silent(limit: Duration) -> EngineError {
    let reason = format!("the engine did not answer for {}", humantime::format_duration(limit));
    EngineError::IOError { err: io::Error::new(io::ErrorKind::TimedOut, reason) }
}
