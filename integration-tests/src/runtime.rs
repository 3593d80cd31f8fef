//! The runtime of one double or one run, which ends all that runs in it when it is dropped.

use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with a thread of its own.
pub fn own() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime can be made")
}
