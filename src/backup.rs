//! Keeps the data of a stack in one file, and brings it back.
//!
//! Each has two halves: the first only looks, the second changes; [`Saving::save`] and [`Restoring::restore`] are where
//! changing begins. Once they have begun, an interrupt ends the work, but not what puts things right again.

pub mod format;
mod pipe;
mod restore;
mod save;

use futures_util::future::{BoxFuture, FutureExt, Shared};
use tokio::task::JoinHandle;

pub use restore::{Occupied, Restoring};
pub use save::Saving;

use crate::engine::EngineWriter;
use crate::error::{Error, Result};
use crate::files::ConfigFolder;
use crate::http::Http;
use crate::model::observed::Objects;
use crate::model::stack::{Service, Stack};

/// Ends when the user wants the work to end, and can be asked again and again.
pub type Interrupt = Shared<BoxFuture<'static, ()>>;

/// Returns what can be asked whether the user wants the work to end.
pub fn interrupt(interrupted: impl Future<Output = ()> + Send + 'static) -> Interrupt {
    interrupted.boxed().shared()
}

/// What saving and restoring need.
#[derive(Clone, Copy, Debug)]
pub struct BackupContext<'a> {
    /// The engine.
    pub operator: &'a EngineWriter,
    /// The HTTP client.
    pub http: &'a Http,
    /// The stack.
    pub stack: &'a Stack,
    /// The configuration folder.
    pub folder: &'a ConfigFolder,
}

impl BackupContext<'_> {
    /// Returns an image, of all that could carry a volume, that needs no pull; else the one to pull.
    async fn carrier_image(&self, objects: &Objects) -> Result<HelperImage> {
        if let Some(image) = self.operator.engine().some_image(objects, self.stack).await? {
            return Ok(HelperImage::Local(image));
        }
        let first = self.stack.services.first().map(|service| service.image.to_string()).unwrap_or_default();
        Ok(HelperImage::Absent(first))
    }

    /// Returns the services that keep data, each with its volume and the volume's name in a backup.
    fn keepers(&self) -> impl Iterator<Item = (&Service, &str, &str)> {
        let prefix = format!("{}_", self.stack.name);
        self.stack.services.iter().filter_map(move |service| {
            let volume = service.data_volume()?;
            Some((service, volume, volume.strip_prefix(&prefix).unwrap_or(volume)))
        })
    }
}

/// The image of the containers that carry volumes; nothing of it is ever run.
#[derive(Clone, Debug)]
enum HelperImage {
    Local(String),
    Absent(String),
}

impl HelperImage {
    /// Pulls it if it is not there, and returns its name.
    async fn get(self, operator: &EngineWriter, told: &mut impl FnMut(&str)) -> Result<String> {
        match self {
            Self::Local(name) => Ok(name),
            Self::Absent(name) => {
                told(&format!("pulls {name}"));
                operator.pull(&name, |_| {}).await?;
                Ok(name)
            }
        }
    }
}

/// Returns what work comes to, or [`Error::Interrupted`] as soon as the user wants it to end.
pub async fn unless<T>(interrupted: &Interrupt, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = interrupted.clone() => Err(Error::Interrupted),
        outcome = work => outcome,
    }
}

/// Waits for a thread, which must not panic.
async fn joined<T>(thread: JoinHandle<T>) -> Result<T> {
    thread.await.map_err(Error::engine("work on the backup"))
}
