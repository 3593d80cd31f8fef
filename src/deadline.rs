//! Ends a wait for an answer after a time limit.

use std::time::Duration;

use tokio::time::timeout;

/// Returns the answer, or the error that `late` makes if there is none within `limit`.
pub(crate) async fn within<T, E>(
    limit: Duration,
    answer: impl Future<Output = Result<T, E>>,
    late: impl FnOnce() -> E,
) -> Result<T, E> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
}
