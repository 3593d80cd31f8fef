//! A proxy between the program and a real engine that counts calls and injects faults.
//!
//! It passes everything through unchanged, including streams and upgraded connections, except calls that match a
//! [`When`]: they get a [`Fault`], or an action runs right after their answer.
//!
//! ```no_run
//! use integration_tests::engine_proxy::{EngineProxy, Fault, Delivery, When, kill};
//!
//! let proxy = EngineProxy::start();
//! // The engine answers 500 once, and never answers a pull.
//! proxy.fail(When::first("GET /volumes"), Fault::Fails);
//! proxy.fail(When::each("POST /images/create"), Fault::Hangs);
//! // The program is killed after the engine's ninth answer, before it can receive it.
//! proxy.on_answered(When::nth(9), Delivery::Never, kill);
//! // … run the program with `--host` and `proxy.host()` …
//! println!("{:#?}", proxy.calls());
//! ```

mod fault;
mod relay;
mod shared;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use fault::{Call, Delivery, Fault, When, kill};

use fault::Action;
use shared::{Shared, State};

/// The socket of the machine's engine.
const ENGINE: &str = "/var/run/docker.sock";
/// The longest wait for a call on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A socket in front of a real engine.
#[derive(Debug)]
pub struct EngineProxy {
    shared: Arc<Shared>,
    _folder: TempDir,
    /// Ends all tasks of the proxy on drop.
    runtime: Runtime,
}

impl EngineProxy {
    /// Returns a proxy in front of the machine's engine.
    pub fn start() -> Self {
        Self::before(Path::new(ENGINE))
    }

    /// Returns a proxy in front of the engine that listens on this socket.
    pub fn before(engine: &Path) -> Self {
        let runtime = crate::runtime::own();
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        let shared = Arc::new(Shared {
            engine: engine.to_path_buf(),
            socket: folder.path().join("docker.sock"),
            state: Mutex::default(),
            changed: Condvar::new(),
            deaths: watch::Sender::new(0),
        });
        let proxy = Self { shared, _folder: folder, runtime };
        proxy.revive();
        proxy
    }

    /// Returns the address for `--host` and `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.shared.socket.display())
    }

    /// Injects a fault into matching calls; if several match, the first one applies.
    pub fn fail(&self, when: When, fault: Fault) {
        self.shared.lock().faults.push((when, fault));
    }

    /// Runs an action once, after the engine has answered a matching call completely.
    ///
    /// The action does not run for a call that also has a fault.
    pub fn on_answered(&self, when: When, delivery: Delivery, action: impl FnOnce(&Call) + Send + 'static) {
        self.shared.lock().actions.push((when, delivery, Action::new(action)));
    }

    /// Removes all faults and actions, and restarts a dead engine.
    pub fn recover(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.actions.clear();
        drop(state);
        if std::os::unix::net::UnixStream::connect(&self.shared.socket).is_err() {
            self.revive();
        }
    }

    /// Closes every connection and stops listening; the socket file remains.
    pub fn die(&self) {
        self.shared.die();
    }

    /// Restarts a dead engine with its state.
    pub fn revive(&self) {
        let _entered = self.runtime.enter();
        relay::revive(&self.shared);
    }

    /// Returns all calls in order, such as `POST /containers/create?name=tdd-grafana`, without the API version and
    /// most query parameters.
    pub fn calls(&self) -> Vec<String> {
        self.shared.lock().calls.clone()
    }

    /// Forgets all calls; the next one has number 1.
    pub fn forget(&self) {
        self.shared.lock().calls.clear();
    }

    /// Waits until a call with this beginning has arrived.
    pub fn await_call(&self, beginning: &str) {
        let has_come = |state: &State| state.calls.iter().any(|call| call.starts_with(beginning));
        assert!(self.wait_until(has_come), "no call begins with `{beginning}`: {:#?}", self.calls());
    }

    /// Waits until the engine has answered all calls with this beginning, even if their program has exited.
    pub fn await_answers(&self, beginning: &str) {
        let is_idle = |state: &State| !state.underway.iter().any(|call| call.starts_with(beginning));
        assert!(self.wait_until(is_idle), "the engine does not answer `{beginning}`");
    }

    fn wait_until(&self, is_so: impl Fn(&State) -> bool) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, LIMIT, |state| !is_so(state));
        !waited.expect("no test panics while it holds the lock").1.timed_out()
    }
}
