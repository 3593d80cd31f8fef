//! Runs work while holding the lock of the stack.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::{Session, explained};
use crate::backup::{Interrupt, unless};
use crate::context::StackContext;
use crate::engine::{Engine, LockWait};
use crate::error::{Error, Result};
use crate::model::observed::Objects;

/// Longer than any change takes, so that a hanging program does not block others forever.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

impl Session {
    /// Runs work that changes the stack under its lock. `objects` shows which image the lock's container can
    /// use.
    pub(crate) async fn with_lock<T>(
        &self,
        engine: &Engine,
        objects: &Objects,
        verb: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        // Without any image, no stack exists and none can be created now.
        let Some(image) = engine.some_image(objects, &self.stack).await? else { return work.await };
        let began = Instant::now();
        let waiting = |holder: &str| {
            let text = format!("waiting for {holder} to release stack `{}`", self.stack.name);
            self.printer.talk(began.elapsed(), &text);
        };
        let locked = engine.operator().lock(&self.stack, &image, verb, self.queue(), waiting).await;
        self.held.set(Some(explained(engine, locked).await?));
        let result = work.await;
        let result = match result {
            Err(error) if engine.lock_loss().is_some() => Err(self.unlocked(engine, error, Vec::new())),
            result => result,
        };
        if !matches!(result, Err(Error::EngineLost { .. })) {
            self.unlock().await;
        }
        result
    }

    /// Releases the lock if it is held. If that fails, other programs detect that this program has ended.
    pub(crate) async fn unlock(&self) {
        if let Some(lock) = self.held.take() {
            drop(lock.release().await);
        }
    }

    /// Returns the error of work whose lock was lost.
    pub(super) fn unlocked(&self, engine: &Engine, failure: Error, done: Vec<String>) -> Error {
        match (failure, engine.lock_loss()) {
            (Error::LockLost { stack, loss, done: none, source }, _) if none.is_empty() => {
                Error::LockLost { stack, loss, done, source }
            }
            (failure @ Error::LockLost { .. }, _) | (failure, None) => failure,
            (failure, Some(loss)) => {
                Error::LockLost { stack: self.stack.name.clone(), loss, done, source: Some(failure.into()) }
            }
        }
    }

    /// Removes the lock of a killed program when nothing else is to be done; returns whether there was one.
    pub(crate) async fn sweep(&self, engine: &Engine, objects: &Objects) -> Result<bool> {
        if objects.has_lock { engine.operator().sweep_lock(&self.stack).await } else { Ok(false) }
    }

    /// Runs work on the data of the stack under its lock. An interrupt ends the wait for the lock; work that
    /// has started handles interrupts itself.
    pub(crate) async fn with_backup_lock<T>(
        &self,
        verb: &str,
        interrupted: &Interrupt,
        work: impl AsyncFnOnce(StackContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let engine = unless(interrupted, self.engine()).await?;
        let inventory = unless(interrupted, engine.inventory(&self.stack.name)).await?;
        let operator = engine.operator();
        let context = self.context(&operator);
        let has_begun = Cell::new(false);
        let work = async {
            has_begun.set(true);
            work(context).await
        };
        let interrupted_wait = async {
            interrupted.clone().await;
            if has_begun.get() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            outcome = self.with_lock(&engine, &inventory.objects, verb, work) => outcome,
            () = interrupted_wait => Err(Error::Interrupted),
        }
    }

    fn queue(&self) -> LockWait {
        if self.settings.no_wait { LockWait::Fail } else { LockWait::Wait(LONGEST_WAIT) }
    }
}
