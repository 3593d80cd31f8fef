//! Backs up the data of a stack into one file, and restores it.
//!
//! Both have a read-only preparation; the changes start in [`Saving::save`] and [`Restoring::restore`]. After
//! that, an interrupt stops the work but not its clean-up.

pub mod format;
mod pipe;
mod restore;
mod save;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use tokio::task::JoinHandle;

pub use restore::{Occupied, Restoring};
pub use save::Saving;

use crate::context::StackContext;
use crate::engine::EngineWriter;
use crate::error::{Error, Result};
use crate::model::observed::Objects;
use crate::model::stack::{Service, Stack};

/// A future that completes when the user interrupts the program; it can be cloned and polled repeatedly.
pub type Interrupt = Shared<BoxFuture<'static, ()>>;

/// Returns an [`Interrupt`] for a future that completes at an interrupt.
pub fn interrupt(interrupted: impl Future<Output = ()> + Send + 'static) -> Interrupt {
    interrupted.boxed().shared()
}

/// Returns the services with a data volume, each with the volume and the volume's name in a backup.
fn keepers(stack: &Stack) -> impl Iterator<Item = (&Service, &str, &str)> {
    let prefix = format!("{}_", stack.name);
    stack.services.iter().filter_map(move |service| {
        let volume = service.data_volume()?;
        Some((service, volume, volume.strip_prefix(&prefix).unwrap_or(volume)))
    })
}

/// The image of the helper containers, which are never started.
#[derive(Clone, Debug)]
enum HelperImage {
    Local(String),
    Absent(String),
}

impl HelperImage {
    /// Finds an image for the helper containers: one that is present, otherwise the one to pull.
    async fn find(context: StackContext<'_>, objects: &Objects) -> Result<Self> {
        let StackContext { operator, stack, .. } = context;
        if let Some(image) = operator.engine().some_image(objects, stack).await? {
            return Ok(Self::Local(image));
        }
        let first = stack.services.first().map(|service| service.image.to_string()).unwrap_or_default();
        Ok(Self::Absent(first))
    }

    /// Pulls the image if it is missing, and returns its name.
    async fn get(self, operator: &EngineWriter, on_progress: &mut impl FnMut(&str)) -> Result<String> {
        match self {
            Self::Local(name) => Ok(name),
            Self::Absent(name) => {
                on_progress(&format!("pulling {name}"));
                operator.pull(&name, |_| {}).await?;
                Ok(name)
            }
        }
    }
}

/// Returns the result of `work`, or [`Error::Interrupted`] as soon as the user interrupts it.
pub async fn unless<T>(interrupted: &Interrupt, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = interrupted.clone() => Err(Error::Interrupted),
        outcome = work => outcome,
    }
}

/// Waits for a thread; a panic of the thread is an error.
async fn joined<T>(thread: JoinHandle<T>) -> Result<T> {
    thread.await.map_err(Error::engine("process the backup"))
}
