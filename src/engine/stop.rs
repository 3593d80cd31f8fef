//! Stops containers, including containers that missed the first signal.

use std::convert::Infallible;
use std::time::Duration;

use bollard::query_parameters::StopContainerOptionsBuilder;
use tokio::time::sleep;

use super::EngineWriter;
use super::write::gone_is_fine;
use crate::error::Result;

/// The pauses after which a container that is being stopped gets its signal again.
const STOP_AGAIN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl EngineWriter {
    /// Stops a container. The engine kills it if it has not ended after `seconds`.
    pub async fn stop(&self, container: &str, seconds: u32) -> Result<()> {
        let options = StopContainerOptionsBuilder::new().t(seconds.cast_signed()).build();
        let stop = self.ending(seconds, |docker| docker.stop_container(container, Some(options)));
        let stopped = tokio::select! {
            stopped = stop => stopped,
            never = self.signal_again(container) => match never {},
        };
        gone_is_fine(stopped, format!("stop `{container}`"))
    }

    /// Sends a container that is being stopped its signal again. Up to 50 ms after the start, its first
    /// process may have no handler yet: the kernel then drops the signal, and the engine waits for the whole
    /// stop time.
    async fn signal_again(&self, container: &str) -> Infallible {
        for pause in STOP_AGAIN {
            sleep(pause).await;
            // An error is ignored here: the stop reports it.
            let Ok(Some(found)) = self.engine.container(container).await else { continue };
            let signal = found.config.and_then(|config| config.stop_signal);
            drop(self.signal(container, signal.as_deref().unwrap_or("SIGTERM")).await);
        }
        std::future::pending().await
    }
}
