//! Stops containers, also those that have not heard the first signal.

use std::convert::Infallible;
use std::time::Duration;

use bollard::query_parameters::StopContainerOptionsBuilder;
use tokio::time::sleep;

use super::EngineWriter;
use super::write::gone_is_fine;
use crate::error::Result;

/// After which pauses a container that is being stopped is sent its signal again.
const STOP_AGAIN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

impl EngineWriter {
    /// Stops a container, which has so many seconds to end.
    pub async fn stop(&self, container: &str, seconds: u32) -> Result<()> {
        let options = StopContainerOptionsBuilder::new().t(seconds.cast_signed()).build();
        let stop = self.ending(seconds, |docker| docker.stop_container(container, Some(options)));
        let stopped = tokio::select! {
            stopped = stop => stopped,
            never = self.signal_again(container) => match never {},
        };
        gone_is_fine(stopped, format!("stop `{container}`"))
    }

    /// Sends a container that is being stopped its signal again: the kernel drops it while the first process of a
    /// container has no handler for it yet, up to 50 ms from its start, and the engine waits for all of the time.
    async fn signal_again(&self, container: &str) -> Infallible {
        for pause in STOP_AGAIN {
            sleep(pause).await;
            // The stop itself tells what is wrong.
            let Ok(Some(found)) = self.engine.container(container).await else { continue };
            let signal = found.config.and_then(|config| config.stop_signal);
            drop(self.signal(container, signal.as_deref().unwrap_or("SIGTERM")).await);
        }
        std::future::pending().await
    }
}
