//! The lock of a stack: one program at a time changes a stack, from any machine. All its guarantees are here.
//!
//! The lock is a container that is created and never started: only one container can have a name.
//!
//! - A dead holder is replaced at once if its process is visible from here, otherwise after [`SILENCE`] without
//!   a heartbeat. Time in which the engine does not answer is not counted. A holder sends a heartbeat every
//!   [`BEAT`].
//! - A holder that has lost the lock makes no further change: every change checks [`Lease`] first, except pulls
//!   and [`EngineWriter::resume`]. A restart of the engine does not release a lock.
//! - A lock is never removed by name, only by the id of the container that was inspected.
//! - Every wait has a time limit, names the holder, and ends when it is dropped.

mod container;
mod holder;
mod lease;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::timeout::QUICK;
use super::{Engine, EngineWriter};
use crate::error::{Error, Result};
use crate::model::observed::Objects;
use crate::model::stack::Stack;

use container::{Phase, Request, SeenLock};
use holder::Life;

pub(super) use lease::Lease;

/// The interval of a holder's heartbeats.
const BEAT: Duration = Duration::from_secs(4);
/// After how long without a heartbeat a holder counts as dead, if its process is not visible.
const SILENCE: Duration = Duration::from_secs(20);
/// The interval at which another program's lock is inspected.
const PAUSE: Duration = Duration::from_millis(100);
/// The interval at which its heartbeat is read, which costs the engine more.
const LISTEN: Duration = Duration::from_secs(2);
/// How long a name may be taken while no container has it, or while its container is being removed.
const PASSING: Duration = Duration::from_secs(10);

/// What to do if another program changes the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// Wait for its lock, for up to this time.
    Wait(Duration),
    /// Fail at once.
    Fail,
}

/// The right to change a stack, until it is released or the program ends.
#[derive(Debug)]
pub struct Lock {
    operator: EngineWriter,
    keeper: JoinHandle<()>,
    /// Ends the keeper between two heartbeats.
    end: oneshot::Sender<()>,
}

impl EngineWriter {
    /// Acquires the lock of a stack. `image` is a local image, `verb` is the command that this program runs.
    ///
    /// `on_wait` is called once for each holder that is waited for.
    pub async fn lock(
        &self,
        stack: &Stack,
        image: &str,
        verb: &str,
        queue: LockWait,
        mut on_wait: impl FnMut(&str),
    ) -> Result<Lock> {
        let request = Request::new(stack, image, verb);
        let began = Instant::now();
        let mut contended = None;
        loop {
            let sent = lease::now();
            if let Some(id) = self.make_lock(&request).await? {
                return Ok(Lock::hold(self, request, id, sent));
            }
            let seen = self.engine.look_at_lock(&request.container, &stack.name).await?;
            let is_free = match &seen {
                None => true,
                Some(seen) if seen.phase == Phase::BeingRemoved => true,
                Some(seen) if seen.token.as_ref() == Some(&request.token) => {
                    // An earlier call of this program created it, and the answer was lost.
                    return Ok(Lock::hold(self, request, seen.id.clone(), sent));
                }
                Some(seen) if judge(seen) == Life::Dead => {
                    self.remove_lock(&seen.id).await?;
                    true
                }
                Some(_) => false,
            };
            let Some(seen) = seen.filter(|_| !is_free) else {
                // The first retry is immediate: the name is most likely free by now.
                if let Some(since) = contended {
                    sleep(PAUSE).await;
                    if Instant::now() - since > PASSING {
                        return Err(stuck(&request));
                    }
                }
                contended.get_or_insert_with(Instant::now);
                continue;
            };
            contended = None;
            let locked =
                |waited| Error::Locked { stack: stack.name.clone(), holder: seen.holder.clone(), waited };
            let LockWait::Wait(limit) = queue else { return Err(locked(Duration::ZERO)) };
            on_wait(&seen.holder);
            match timeout_at(began + limit, self.released(&seen, &stack.name)).await {
                Ok(released) => released?,
                Err(_) => return Err(locked(limit)),
            }
        }
    }

    /// Removes a lock whose holder is known to be dead, without acquiring it. Returns whether it did.
    pub async fn sweep_lock(&self, stack: &Stack) -> Result<bool> {
        match self.engine.look_at_lock(&stack.lock_container(), &stack.name).await? {
            Some(seen) if judge(&seen) == Life::Dead => self.remove_lock(&seen.id).await,
            _ => Ok(false),
        }
    }

    /// Waits until another program's lock is gone. Removes it if its holder is dead.
    async fn released(&self, first: &SeenLock, stack: &str) -> Result<()> {
        let mut silence = Duration::ZERO;
        let mut last_beat = None;
        let mut last_read: Option<Instant> = None;
        loop {
            let Some(seen) = self.engine.look_at_lock(&first.id, stack).await? else { return Ok(()) };
            match judge(&seen) {
                Life::Dead => return self.remove_lock(&seen.id).await.map(drop),
                Life::Unknown if last_read.is_none_or(|at| at.elapsed() >= LISTEN) => {
                    let beat = self.engine.beat_of(&seen.id).await?;
                    let elapsed = last_read.map_or(Duration::ZERO, |at| at.elapsed());
                    last_read = Some(Instant::now());
                    if last_beat.as_ref() == Some(&beat) {
                        // A slow engine may delay the holder's heartbeats too, so its delay is not counted.
                        silence += elapsed.min(LISTEN + PAUSE);
                    } else {
                        (last_beat, silence) = (Some(beat), Duration::ZERO);
                    }
                    if silence >= SILENCE {
                        return self.remove_lock(&seen.id).await.map(drop);
                    }
                }
                Life::Alive | Life::Unknown => {}
            }
            sleep(PAUSE).await;
        }
    }
}

impl Engine {
    /// Returns a local image for a container that is never started. Without any image, the stack cannot exist.
    pub async fn some_image(&self, objects: &Objects, stack: &Stack) -> Result<Option<String>> {
        let made = objects.containers.values().chain(objects.set_aside.values()).next();
        if let Some(container) = made {
            return Ok(Some(container.image_id.clone()));
        }
        for service in &stack.services {
            if let Some(id) = self.image_id(&service.image.to_string()).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

impl Lock {
    fn hold(operator: &EngineWriter, request: Request, id: String, sent: Duration) -> Self {
        operator.engine.lease.hold(request, id, sent);
        let (end, ended) = oneshot::channel();
        let keeper = tokio::spawn(keep(operator.clone(), ended));
        Self { operator: operator.clone(), keeper, end }
    }

    /// Releases the lock, and returns once other programs can acquire it.
    pub async fn release(self) -> Result<()> {
        // The keeper has already ended if it has noticed a loss.
        _ = self.end.send(());
        // The keeper ends first: a container that is removed during an upload may stay partially removed.
        drop(timeout(QUICK, self.keeper).await);
        match self.operator.engine.lease.end() {
            Some(id) => self.operator.remove_lock(&id).await.map(drop),
            None => Ok(()),
        }
    }
}

/// Returns whether a holder is alive, as far as one inspection shows.
fn judge(seen: &SeenLock) -> Life {
    match seen.phase {
        // The lock of an earlier release, whose process keeps its container running.
        Phase::Running => Life::Alive,
        Phase::Ended if seen.process.is_none() => Life::Dead,
        _ => holder::life(seen.process.as_deref()),
    }
}

fn stuck(request: &Request) -> Error {
    let name = &request.container;
    Error::engine(format!("lock stack `{}`", request.stack))(format!(
        "the name `{name}` has been in use for {} s, although no program holds the lock; `docker rm --force {name}` \
         or a restart of the engine may free it",
        PASSING.as_secs()
    ))
}

/// Sends heartbeats, and notices at once that the lock is gone.
async fn keep(operator: EngineWriter, mut ended: oneshot::Receiver<()>) {
    loop {
        let next = Instant::now() + BEAT;
        let is_early = tokio::select! {
            _ = &mut ended => return,
            () = operator.lock_gone() => true,
            () = sleep_until(next) => false,
        };
        if is_early {
            operator.engine.lease.doubt();
        }
        if matches!(operator.refresh_lock(Duration::ZERO).await, Err(Error::LockLost { .. })) {
            return;
        }
        if is_early {
            // The lock still exists: the engine went away, or does not support this wait.
            tokio::select! {
                _ = &mut ended => return,
                () = sleep_until(next) => {}
            }
        }
    }
}
