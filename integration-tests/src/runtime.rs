//! A Tokio runtime for one double or one run, which ends its tasks on drop.

use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with one worker thread.
pub fn own() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be created")
}
