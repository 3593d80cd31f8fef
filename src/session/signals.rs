//! Waits for the signals that end the program.

use tokio::signal::unix::{SignalKind, signal};

/// Returns a future that ends when the user or the system asks the program to end. Signals count from the call on, even
/// before the future is polled.
pub(crate) fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            // Without handlers the system ends the program.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
