//! Gets the right to change a stack, or waits until whoever has it is done.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::engine::{Claim, Lock, Operator};
use crate::error::{Error, Result};
use crate::stack::Stack;

/// Whether one waits for a stack that somebody else changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// For so long.
    Wait(Duration),
    /// No.
    Fail,
}

/// Returns what others are told of this program.
pub fn this_program(verb: &str) -> String {
    let machine = rustix::system::uname();
    format!("`tdd-stack {verb}` (process {} on {})", std::process::id(), machine.nodename().to_string_lossy())
}

/// Returns the lock of a stack, taken with an image that has the lock's command.
///
/// `holder` is shown to others; `waiting` hears once for each holder that is waited for.
pub async fn acquire(
    operator: &Operator,
    stack: &Stack,
    image: &str,
    holder: &str,
    queue: Queue,
    mut waiting: impl FnMut(&str),
) -> Result<Lock> {
    let began = Instant::now();
    loop {
        let taken = match operator.claim(&stack.name, &stack.lock, image, holder).await? {
            Claim::Held(lock) => return Ok(*lock),
            Claim::Taken(taken) => taken,
        };
        let locked = |waited| Error::Locked { stack: stack.name.clone(), holder: taken.name.clone(), waited };
        let Queue::Wait(patience) = queue else { return Err(locked(Duration::ZERO)) };
        waiting(&taken.name);
        match timeout_at(began + patience, operator.released(&taken)).await {
            Ok(released) => released?,
            Err(_) => return Err(locked(patience)),
        }
    }
}
