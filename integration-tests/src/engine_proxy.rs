//! Stands on a socket of its own between the program and a real engine, counts the calls, and lets them go wrong.
//!
//! Everything passes through as it is, streams and upgraded connections too, except for the calls that a test has
//! picked out by a [`When`]: these meet a [`Fault`], or have something done to the program right when they have
//! been answered.
//!
//! ```no_run
//! use integration_tests::engine_proxy::{EngineProxy, Fault, Hearing, When, kill};
//!
//! let proxy = EngineProxy::start();
//! // The engine answers 500 once, and never answers a pull.
//! proxy.fail(When::first("GET /volumes"), Fault::Fails);
//! proxy.fail(When::each("POST /images/create"), Fault::Hangs);
//! // The program dies when the engine has done the ninth call, before it can hear of it.
//! proxy.on_answered(When::nth(9), Hearing::Never, kill);
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

pub use fault::{Call, Fault, Hearing, When, kill};

use fault::Action;
use shared::{Shared, State};

/// Where the machine's own engine listens.
const ENGINE: &str = "/var/run/docker.sock";
/// How long a call is waited for: more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A socket that leads to a real engine.
#[derive(Debug)]
pub struct EngineProxy {
    shared: Arc<Shared>,
    _folder: TempDir,
    /// Ends all that runs in it when it is dropped.
    runtime: Runtime,
}

impl EngineProxy {
    /// Returns a proxy before the machine's own engine.
    pub fn start() -> Self {
        Self::before(Path::new(ENGINE))
    }

    /// Returns a proxy before the engine that listens on this socket.
    pub fn before(engine: &Path) -> Self {
        let runtime = crate::runtime::own();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
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

    /// Lets calls go wrong; of several faults for one call, the one that was asked for first.
    pub fn fail(&self, when: When, fault: Fault) {
        self.shared.lock().faults.push((when, fault));
    }

    /// Does something as soon as the engine has answered a call in full. It is done once.
    ///
    /// A call that meets a fault at the same time is not answered by the engine, so nothing is done then.
    pub fn on_answered(&self, when: When, hearing: Hearing, action: impl FnOnce(&Call) + Send + 'static) {
        self.shared.lock().actions.push((when, hearing, Action::new(action)));
    }

    /// Lets everything go well from now on; a dead engine comes back.
    pub fn recover(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.actions.clear();
        drop(state);
        if std::os::unix::net::UnixStream::connect(&self.shared.socket).is_err() {
            self.revive();
        }
    }

    /// Cuts every connection; from now on nobody listens, and the socket is left behind.
    pub fn die(&self) {
        self.shared.die();
    }

    /// Lets a dead engine come back, with all that it had.
    pub fn revive(&self) {
        let _entered = self.runtime.enter();
        relay::revive(&self.shared);
    }

    /// Returns every call so far in the order of their coming, such as `POST /containers/create?name=tdd-grafana`;
    /// the version of the API and what else was in the query are left out.
    pub fn calls(&self) -> Vec<String> {
        self.shared.lock().calls.clone()
    }

    /// Forgets the calls so far; the next one is the first again.
    pub fn forget(&self) {
        self.shared.lock().calls.clear();
    }

    /// Waits until a call that begins so has come, and for no longer than a busy machine needs.
    pub fn await_call(&self, beginning: &str) {
        let has_come = |state: &State| state.calls.iter().any(|call| call.starts_with(beginning));
        assert!(self.wait_until(has_come), "no call begins with `{beginning}`: {:#?}", self.calls());
    }

    /// Waits until the engine has answered all calls that begin so, also those whose program is gone.
    pub fn await_answers(&self, beginning: &str) {
        let is_idle = |state: &State| !state.underway.iter().any(|call| call.starts_with(beginning));
        assert!(self.wait_until(is_idle), "the engine does not answer `{beginning}`");
    }

    fn wait_until(&self, is_so: impl Fn(&State) -> bool) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, PATIENCE, |state| !is_so(state));
        !waited.expect("no test panics while it holds the lock").1.timed_out()
    }
}
