//! Whether a holder may still make changes: a holder that has lost the lock makes no further change.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard::errors::Error as EngineError;
use rustix::time::{ClockId, clock_gettime};

use super::SILENCE;
use super::container::Request;
use crate::engine::{Engine, EngineWriter};
use crate::error::{Error, LockLoss, Result};

/// How long a proof of the lock is valid. A change that begins within this time reaches the engine before
/// another program can acquire the lock.
const FRESH: Duration = Duration::from_secs(10);

/// The state of the held lock, shared by everything that is created from one connection.
#[derive(Debug, Default)]
pub(in crate::engine) struct Lease {
    state: Mutex<LeaseState>,
    /// Serializes renewals.
    renewal: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
enum LeaseState {
    /// No lock is held and none is required: pulls and checks need none.
    #[default]
    Free,
    Held(Grip),
    Lost(String, LockLoss),
}

/// A held lock.
#[derive(Clone, Debug)]
struct Grip {
    request: Request,
    id: String,
    /// When the last call was sent that proved that the lock is held, by [`now`].
    confirmed: Duration,
    /// Whether something has happened since then that may have ended the lock.
    is_doubtful: bool,
    beats: u64,
}

/// Returns the time since the machine's boot, including sleep: other machines were awake.
pub(super) fn now() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let time = clock_gettime(CLOCK);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

impl Grip {
    /// Returns the time since the lock was last certain to be held.
    fn age(&self) -> Duration {
        now().saturating_sub(self.confirmed)
    }
}

impl Lease {
    pub(super) fn hold(&self, request: Request, id: String, confirmed: Duration) {
        *self.state() = LeaseState::Held(Grip { request, id, confirmed, is_doubtful: false, beats: 0 });
    }

    /// Stops requiring a lock, and returns the id of the held one.
    pub(super) fn end(&self) -> Option<String> {
        match std::mem::take(&mut *self.state()) {
            LeaseState::Held(grip) => Some(grip.id),
            LeaseState::Free | LeaseState::Lost(..) => None,
        }
    }

    pub(super) fn id(&self) -> Option<String> {
        match &*self.state() {
            LeaseState::Held(grip) => Some(grip.id.clone()),
            LeaseState::Free | LeaseState::Lost(..) => None,
        }
    }

    /// Returns how the lock was lost, if it was.
    fn loss(&self) -> Option<LockLoss> {
        match &*self.state() {
            LeaseState::Lost(_, loss) => Some(loss.clone()),
            LeaseState::Free | LeaseState::Held(_) => None,
        }
    }

    /// Returns the held lock, or `None` if none is required. Fails if the lock was lost.
    fn grip(&self) -> Result<Option<Grip>> {
        match &*self.state() {
            LeaseState::Free => Ok(None),
            LeaseState::Held(grip) => Ok(Some(grip.clone())),
            LeaseState::Lost(stack, loss) => Err(lost(stack, loss)),
        }
    }

    fn confirm(&self, id: &str, confirmed: Duration) {
        if let LeaseState::Held(grip) = &mut *self.state() {
            grip.id = id.to_string();
            grip.confirmed = confirmed;
            grip.is_doubtful = false;
            grip.beats += 1;
        }
    }

    /// Makes the next change prove first that the lock is held.
    pub(super) fn doubt(&self) {
        if let LeaseState::Held(grip) = &mut *self.state() {
            grip.is_doubtful = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, LeaseState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Returns how the held lock was lost, if it was.
    pub fn lock_loss(&self) -> Option<LockLoss> {
        self.lease.loss()
    }
}

impl EngineWriter {
    /// Waits until it is certain that a change may be made: the lock is held, or none is required.
    pub async fn confirm_lock(&self) -> Result<()> {
        // Boxed, because every change contains this future and would become as large.
        Box::pin(self.refresh_lock(FRESH)).await
    }

    /// Confirms the lock like [`Self::confirm_lock`], with the engine's error type.
    pub(in crate::engine) async fn allowed(&self) -> std::result::Result<(), EngineError> {
        self.confirm_lock().await.map_err(|error| EngineError::IOError { err: io::Error::other(error) })
    }

    /// Proves that the lock is held, if the last proof is at least `age` old.
    pub(super) async fn refresh_lock(&self, age: Duration) -> Result<()> {
        let lease = &self.engine.lease;
        let is_old = |grip: &Grip| grip.is_doubtful || grip.age() >= age;
        if !lease.grip()?.as_ref().is_some_and(is_old) {
            return Ok(());
        }
        let _turn = lease.renewal.lock().await;
        let Some(grip) = lease.grip()?.filter(is_old) else { return Ok(()) };
        let sent = now();
        if grip.age() < SILENCE {
            if !self.beat(&grip.id, grip.beats + 1).await? {
                return Err(self.lose(&grip).await);
            }
            // The heartbeat has arrived in time, so no other program can have counted it as missing.
            if grip.age() < SILENCE {
                lease.confirm(&grip.id, sent);
                return Ok(());
            }
        }
        // Another program may be about to remove it. Only one of two removals succeeds, and one of two
        // creations.
        if !self.remove_lock(&grip.id).await? {
            return Err(self.lose(&grip).await);
        }
        let sent = now();
        match self.make_lock(&grip.request).await? {
            Some(id) => {
                lease.confirm(&id, sent);
                Ok(())
            }
            None => Err(self.lose(&grip).await),
        }
    }

    async fn lose(&self, grip: &Grip) -> Error {
        let Request { stack, container, token, .. } = &grip.request;
        let loss = match self.engine.look_at_lock(container, stack).await {
            Ok(Some(seen)) if seen.token.as_ref() != Some(token) => LockLoss::Taken(seen.holder),
            _ if grip.age() >= SILENCE => LockLoss::Silent(SILENCE),
            _ => LockLoss::Removed,
        };
        *self.engine.lease.state() = LeaseState::Lost(stack.clone(), loss.clone());
        lost(stack, &loss)
    }
}

fn lost(stack: &str, loss: &LockLoss) -> Error {
    Error::LockLost { stack: stack.to_string(), loss: loss.clone(), done: Vec::new(), source: None }
}
