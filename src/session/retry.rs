//! Retries calls that met the engine's unfinished work for another program.

use std::time::Duration;

use tokio::time::sleep;

use crate::engine::is_transient_conflict;
use crate::error::Result;

/// The number of tries. What lasts longer is a failure, not a transient conflict.
const TRIES: u32 = 5;
/// A container is created or started within this time, even on a busy machine.
pub(crate) const PAUSE: Duration = Duration::from_millis(300);

/// Runs an attempt again after each transient conflict, and returns the result of the last try.
pub(crate) async fn retry_transient<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if is_transient_conflict(&error) => sleep(PAUSE).await,
            other => return other,
        }
    }
    attempt().await
}
