//! Looks and tries again, where the engine was still busy with what a program had asked of it that is gone.

use std::time::Duration;

use tokio::time::sleep;

use crate::engine::is_transient_conflict;
use crate::error::Result;

/// How often it is tried again; what lasts longer is no remains of a call but a fault.
const TRIES: u32 = 5;
/// A container is made or started in this time, even on a busy machine.
pub(crate) const PAUSE: Duration = Duration::from_millis(300);

/// Does something, and does it anew if it was overtaken; returns what came of the last try.
pub(crate) async fn retry_transient<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if is_transient_conflict(&error) => sleep(PAUSE).await,
            other => return other,
        }
    }
    attempt().await
}
