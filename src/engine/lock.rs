//! The lock of a stack: one program at a time changes it, from whatever machine. All of its promises are kept here.
//!
//! It is a container that is created and never started: only one container can have a name.
//!
//! - A holder that has died is succeeded at once where this program can see its process, and else after a silence of
//!   [`SILENCE`], which the engine must not share: the holder shows every [`BEAT`] that it lives.
//! - A holder that has lost the lock makes no further change: what changes anything asks [`Lease`] first, but for pulls and
//!   [`EngineWriter::resume`]. An engine that restarts takes no lock away.
//! - Nobody removes a lock by its name: what is removed is the one container that was judged.
//! - Every wait has a limit, says for whom, and ends when it is dropped.

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

/// How often a holder shows that it lives.
const BEAT: Duration = Duration::from_secs(4);
/// How long a holder of which nothing else is known must have been silent to be dead.
const SILENCE: Duration = Duration::from_secs(20);
/// How often a lock of somebody else's is looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for a sign of life, which costs the engine more.
const LISTEN: Duration = Duration::from_secs(2);
/// How long a name may be taken while no container has it, or while one is being removed.
const PASSING: Duration = Duration::from_secs(10);

/// Whether one waits for a stack that somebody else changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    /// For so long.
    Wait(Duration),
    /// No.
    Fail,
}

/// The right to change a stack, until it is released or the program ends.
#[derive(Debug)]
pub struct Lock {
    operator: EngineWriter,
    keeper: JoinHandle<()>,
    /// Ends the keeper between two signs of life.
    end: oneshot::Sender<()>,
}

impl EngineWriter {
    /// Returns the lock of a stack, made of an image that is there; `verb` is what the program does with it.
    ///
    /// `waiting` hears once of each holder that is waited for.
    pub async fn lock(
        &self,
        stack: &Stack,
        image: &str,
        verb: &str,
        queue: LockWait,
        mut waiting: impl FnMut(&str),
    ) -> Result<Lock> {
        let request = Request::new(stack, image, verb);
        let began = Instant::now();
        let mut passing = None;
        loop {
            let sent = lease::now();
            if let Some(id) = self.make_lock(&request).await? {
                return Ok(Lock::hold(self, request, id, sent));
            }
            let seen = self.engine.look_at_lock(&request.container, &stack.name).await?;
            let is_nobodys = match &seen {
                None => true,
                Some(seen) if seen.phase == Phase::BeingRemoved => true,
                Some(seen) if seen.token.as_ref() == Some(&request.token) => {
                    // An earlier call of this program made it, and the answer was lost.
                    return Ok(Lock::hold(self, request, seen.id.clone(), sent));
                }
                Some(seen) if judge(seen) == Life::Dead => {
                    self.remove_lock(&seen.id).await?;
                    true
                }
                Some(_) => false,
            };
            let Some(seen) = seen.filter(|_| !is_nobodys) else {
                // The first time it is free by now, most likely.
                if let Some(since) = passing {
                    sleep(PAUSE).await;
                    if Instant::now() - since > PASSING {
                        return Err(stuck(&request));
                    }
                }
                passing.get_or_insert_with(Instant::now);
                continue;
            };
            passing = None;
            let locked =
                |waited| Error::Locked { stack: stack.name.clone(), holder: seen.holder.clone(), waited };
            let LockWait::Wait(patience) = queue else { return Err(locked(Duration::ZERO)) };
            waiting(&seen.holder);
            match timeout_at(began + patience, self.released(&seen, &stack.name)).await {
                Ok(released) => released?,
                Err(_) => return Err(locked(patience)),
            }
        }
    }

    /// Removes a lock whose holder is known to be dead, where nobody is going to take it; returns whether it did.
    pub async fn sweep_lock(&self, stack: &Stack) -> Result<bool> {
        match self.engine.look_at_lock(&stack.lock_container(), &stack.name).await? {
            Some(seen) if judge(&seen) == Life::Dead => self.remove_lock(&seen.id).await,
            _ => Ok(false),
        }
    }

    /// Waits until a lock that somebody else had is gone; one whose holder is dead is removed.
    async fn released(&self, first: &SeenLock, stack: &str) -> Result<()> {
        let mut silence = Duration::ZERO;
        let mut last_beat = None;
        let mut listened: Option<Instant> = None;
        loop {
            let Some(seen) = self.engine.look_at_lock(&first.id, stack).await? else { return Ok(()) };
            match judge(&seen) {
                Life::Dead => return self.remove_lock(&seen.id).await.map(drop),
                Life::Unknown if listened.is_none_or(|at| at.elapsed() >= LISTEN) => {
                    let beat = self.engine.beat_of(&seen.id).await?;
                    let heard = listened.map_or(Duration::ZERO, |at| at.elapsed());
                    listened = Some(Instant::now());
                    if last_beat.as_ref() == Some(&beat) {
                        // While the engine took its time, it may have kept the holder waiting as well.
                        silence += heard.min(LISTEN + PAUSE);
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
    /// Returns an image that is there, of which a container can be made that is never started; without any no stack
    /// can have been made.
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

    /// Releases it, and returns when others can have it.
    pub async fn release(self) -> Result<()> {
        // One that has noticed a loss has ended already.
        _ = self.end.send(());
        // Removed in the middle of an upload, a container may stay half removed.
        drop(timeout(QUICK, self.keeper).await);
        match self.operator.engine.lease.end() {
            Some(id) => self.operator.remove_lock(&id).await.map(drop),
            None => Ok(()),
        }
    }
}

/// Returns whether a holder lives, as far as one look tells.
fn judge(seen: &SeenLock) -> Life {
    match seen.phase {
        // A lock of an earlier release, whose process keeps it running.
        Phase::Running => Life::Alive,
        Phase::Ended if seen.process.is_none() => Life::Dead,
        _ => holder::life(seen.process.as_deref()),
    }
}

fn stuck(request: &Request) -> Error {
    let name = &request.container;
    Error::engine(format!("lock stack `{}`", request.stack))(format!(
        "the engine keeps the name `{name}` in use for {} s, and nobody holds the lock; `docker rm --force {name}` or a \
         restart of the engine may free it",
        PASSING.as_secs()
    ))
}

/// Shows that the holder lives, and notices at once that the lock is gone.
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
            // It is there all the same: the engine went away, or does not know this way to wait.
            tokio::select! {
                _ = &mut ended => return,
                () = sleep_until(next) => {}
            }
        }
    }
}
