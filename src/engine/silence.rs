//! Bounds how long the engine may say nothing, so that no call hangs for ever.
//!
//! What takes its time by nature may take it as long as the engine answers to a ping beside it.

use std::io;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{sleep, timeout};

use super::Engine;
use crate::error::Error;

type Answer<T> = std::result::Result<T, EngineError>;

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

/// Returns what a quick call came to.
pub(super) fn quickly<T>(call: impl Future<Output = Answer<T>>) -> impl Future<Output = Answer<T>> {
    // What waits for a call need not be as large as all that the call keeps.
    let call = Box::pin(call);
    async move { timeout(QUICK, call).await.unwrap_or_else(|_| Err(silent(QUICK))) }
}

/// Returns what a longer call came to; it ends when the engine does not answer to a ping either.
pub(super) fn patiently<T>(
    docker: &Docker,
    limit: Duration,
    call: impl Future<Output = Answer<T>>,
) -> impl Future<Output = Answer<T>> {
    let call = Box::pin(call);
    async move {
        tokio::select! {
            answer = timeout(limit, call) => answer.unwrap_or_else(|_| Err(silent(limit))),
            reason = unreachable(docker) => Err(reason),
        }
    }
}

/// Returns a stream that ends in an error after a silence of `limit`, or when the engine does not answer to a ping.
pub(super) fn watched<T, S: Stream<Item = Answer<T>>>(
    docker: &Docker,
    limit: Option<Duration>,
    stream: S,
) -> impl Stream<Item = Answer<T>> + use<T, S> {
    let docker = docker.clone();
    stream::unfold(Some(Box::pin(stream)), move |state| {
        let docker = docker.clone();
        async move {
            let mut stream = state?;
            let next = timeout(limit.unwrap_or(Duration::MAX), stream.next());
            let reason = tokio::select! {
                next = next => match next {
                    Ok(item) => return item.map(|item| (item, Some(stream))),
                    Err(_) => silent(limit.unwrap_or_default()),
                },
                reason = unreachable(&docker) => reason,
            };
            Some((Err(reason), None))
        }
    })
}

/// Ends when the engine does not answer to a ping, with the reason.
async fn unreachable(docker: &Docker) -> EngineError {
    loop {
        sleep(BETWEEN_PINGS).await;
        if let Err(reason) = quickly(docker.ping()).await {
            return reason;
        }
    }
}

impl Engine {
    /// Returns an error as it is, or as the engine's loss where the engine does not answer any more.
    pub async fn explain(&self, error: Error) -> Error {
        let (Error::Engine { .. } | Error::Pull { .. } | Error::Http { .. } | Error::Died { .. }) = &error
        else {
            return error;
        };
        match timeout(LAST_LOOK, self.docker.ping()).await {
            Ok(Ok(_) | Err(EngineError::DockerResponseServerError { .. })) => error,
            Ok(Err(_)) | Err(_) => Error::EngineLost {
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
