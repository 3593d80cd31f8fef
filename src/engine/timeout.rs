//! The connection to the engine, on which every call has a time limit: no other file has the client itself.
//!
//! A call that takes long by nature may do so as long as the engine answers a ping at the same time.

use std::io;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::Engine;
use crate::error::Error;

type CallResult<T> = std::result::Result<T, EngineError>;

/// For looks and signals, which an engine that is well answers in milliseconds.
pub(super) const QUICK: Duration = Duration::from_secs(15);

/// For what has the engine work on disks, networks and processes: seconds on a machine that is busy.
pub(super) const WORK: Duration = Duration::from_mins(1);

/// For what takes as long as a program takes that runs in a container: a past of months is made in minutes.
pub(super) const PROGRAM: Duration = Duration::from_mins(30);

/// How often the engine is asked whether it is still there, while it works on something.
const BETWEEN_PINGS: Duration = Duration::from_secs(5);

/// For a look after a call has failed already.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// A connection to the engine. It gives its client to nobody, only to calls for as long as their limit.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    docker: Docker,
}

impl Connection {
    /// Returns a connection of a client.
    pub(super) fn new(docker: Docker) -> Self {
        Self { docker }
    }

    /// Returns the result of a quick call.
    pub(super) fn with_timeout<'a, T, F>(
        &'a self,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = CallResult<T>>
    where
        F: Future<Output = CallResult<T>>,
    {
        self.within(QUICK, call)
    }

    /// Returns the result of a call that has its own limit.
    pub(super) fn within<'a, T, F>(
        &'a self,
        limit: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = CallResult<T>>
    where
        F: Future<Output = CallResult<T>>,
    {
        // What waits for a call need not be as large as all that the call keeps.
        let call = Box::pin(call(&self.docker));
        async move { timeout(limit, call).await.unwrap_or_else(|_| Err(silent(limit))) }
    }

    /// Returns the result of a longer call; it ends when the engine does not answer a ping either.
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

    /// Returns a stream that ends in an error after a silence of `limit`, or when the engine does not answer a ping.
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

    /// Ends when the engine does not answer a ping, with the reason.
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
    /// Returns an error as it is, or as the engine's loss where the engine does not answer any more.
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
    let reason = format!("the engine said nothing for {}", humantime::format_duration(limit));
    EngineError::IOError { err: io::Error::new(io::ErrorKind::TimedOut, reason) }
}
