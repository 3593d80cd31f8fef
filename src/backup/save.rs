//! Writes a backup. Stops each service while its volume is read, and restarts it before the next one stops.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc::Sender;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::pipe::{self, Chunk};
use super::{HelperImage, Interrupt, joined, keepers, unless};
use crate::backup::format::{About, Pause, RecordedImage, SaveReport, Writer};
use crate::context::StackContext;
use crate::error::{Conflict, Error, FileAction, ObjectKind, Result, and_clean_up};
use crate::execute::readiness::Waiter;
use crate::files::{AtomicFile, Existing};
use crate::model::observed::{Author, Container, ContainerState, DiskFile};
use crate::model::sanitize;
use crate::model::stack::Service;
use crate::observe::reaches_running;
use crate::plan::Force;

/// The time for a restarted service to become ready; replaying a large write-ahead log takes longest.
const PATIENCE: Duration = Duration::from_mins(2);

/// A prepared backup. Nothing is changed yet.
#[derive(Debug)]
pub struct Saving<'a> {
    context: StackContext<'a>,
    target: PathBuf,
    existing: Existing,
    image: HelperImage,
    parts: Vec<Part<'a>>,
    files: Vec<(String, DiskFile)>,
    about: About,
    notes: Vec<String>,
}

/// A volume to read, and the service that stops meanwhile.
#[derive(Debug)]
struct Part<'a> {
    service: &'a Service,
    volume: String,
    name: String,
    running: Option<Container>,
}

impl<'a> Saving<'a> {
    /// Collects what the backup will contain, and checks that `target` is writable.
    ///
    /// Returns [`Error::Conflicts`] for foreign volumes or an unfinished restore, and an error if there is no
    /// data.
    pub async fn prepare(context: StackContext<'a>, target: &Path, existing: Existing) -> Result<Self> {
        // Checked first, since it is the most frequent problem.
        drop(AtomicFile::begin(target, existing)?);
        let StackContext { stack, folder, .. } = context;
        let inventory = context.engine().inventory(&stack.name).await?;
        let objects = &inventory.objects;
        let (mut parts, mut notes, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
        for (service, volume, name) in keepers(stack) {
            let theirs = Conflict::Foreign { kind: ObjectKind::Volume, name: volume.to_string() };
            if inventory.foreign.contains(&theirs) {
                conflicts.push(theirs);
            } else if objects.volumes.contains_key(volume) {
                let container = objects.containers.get(service.name);
                let is_running = |container: &&Container| {
                    matches!(container.state, ContainerState::Running | ContainerState::Restarting)
                };
                parts.push(Part {
                    service,
                    volume: volume.to_string(),
                    name: name.to_string(),
                    running: container.filter(is_running).cloned(),
                });
            } else {
                notes.push(format!("volume `{volume}` does not exist and is not in the backup"));
            }
        }
        conflicts.extend(objects.restore_conflict(&stack.name));
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
        // The readiness of each restarted service is probed, so its port must be reachable.
        reaches_running(context.engine(), objects)?;
        if parts.is_empty() {
            let nothing =
                format!("stack `{}` has no data volume, so there is nothing to back up", stack.name);
            return Err(Error::Problems(vec![nothing]));
        }
        let files: Vec<(String, DiskFile)> =
            folder.read(stack.files.iter().map(|file| file.name))?.into_iter().collect();
        if files.is_empty() {
            let folder = sanitize::path(folder.path());
            notes.push(format!("`{folder}` contains no configuration files, so the backup has none"));
        }
        let images = objects.containers.iter().map(|(service, container)| {
            let Container { image, image_id, .. } = container.clone();
            (service.clone(), RecordedImage { reference: image, id: image_id })
        });
        let is_edited = |(_, file): &&(String, DiskFile)| file.author == Author::User;
        let about = About {
            stack: stack.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            created: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            images: images.collect(),
            edited: files.iter().filter(is_edited).map(|(name, _)| name.clone()).collect(),
        };
        let (target, image) = (target.to_path_buf(), HelperImage::find(context, objects).await?);
        Ok(Self { context, target, existing, image, parts, files, about, notes })
    }

    /// Writes the backup. However it ends, every service that ran is running again.
    pub async fn save(
        self,
        interrupted: &Interrupt,
        mut on_progress: impl FnMut(&str),
    ) -> Result<SaveReport> {
        for note in &self.notes {
            on_progress(note);
        }
        let operator = self.context.operator;
        let image = unless(interrupted, self.image.clone().get(operator, &mut on_progress)).await?;
        let mut writer = Writer::new(AtomicFile::begin(&self.target, self.existing)?)
            .map_err(Error::file(FileAction::WriteBackup, &self.target))?;
        let mut pauses = Vec::new();
        for part in &self.parts {
            unless(interrupted, async { Ok(()) }).await?;
            let stack = &self.context.stack.name;
            let carrier = operator.create_carrier(stack, &image, &part.volume, "back up").await?;
            let read = self.read_paused(part, &carrier, writer, interrupted, &mut on_progress).await;
            let removed = operator.remove(&carrier, Force::Kill).await;
            let pause;
            (writer, pause) = and_clean_up(read, removed.err())?;
            pauses.extend(pause);
        }
        let (target, about, files) = (self.target.clone(), self.about, self.files);
        let finished = spawn_blocking(move || {
            let failed = || Error::file(FileAction::WriteBackup, &target);
            for (name, file) in &files {
                writer.file(name, &file.content).map_err(failed())?;
            }
            let (file, manifest) = writer.finish(about).map_err(failed())?;
            Ok((file.keep()?, manifest))
        });
        let (bytes, manifest) = joined(finished).await??;
        Ok(SaveReport { file: self.target, bytes, manifest, pauses })
    }

    /// Stops a service, reads its volume, and starts the service again even after a failure.
    async fn read_paused<W: Write + Send + 'static>(
        &self,
        part: &Part<'_>,
        carrier: &str,
        writer: Writer<W>,
        interrupted: &Interrupt,
        on_progress: &mut impl FnMut(&str),
    ) -> Result<(Writer<W>, Option<Pause>)> {
        let Some(container) = &part.running else {
            return Ok((self.read(part, carrier, writer, interrupted).await?, None));
        };
        let (operator, name) = (self.context.operator, part.service.name);
        on_progress(&format!("stopping {name} while its data is read"));
        let began = Instant::now();
        let outcome = match operator.stop(&container.id, part.service.stop_seconds).await {
            Ok(()) => self.read(part, carrier, writer, interrupted).await,
            Err(error) => Err(error),
        };
        let resumed = self.resume(part.service, &container.id).await;
        let took = began.elapsed();
        match &resumed {
            Ok(()) => on_progress(&format!("{name} is ready again after {:.2} s", took.as_secs_f64())),
            Err(error) => on_progress(&format!("{name} did not become ready again: {error}")),
        }
        let writer = and_clean_up(outcome, resumed.err())?;
        Ok((writer, Some(Pause { service: name.to_string(), took })))
    }

    async fn read<W: Write + Send + 'static>(
        &self,
        part: &Part<'_>,
        carrier: &str,
        mut writer: Writer<W>,
        interrupted: &Interrupt,
    ) -> Result<Writer<W>> {
        let (sender, source) = pipe::into_thread();
        let name = part.name.clone();
        let thread = spawn_blocking(move || writer.volume(&name, source).map(|()| writer));
        let archive = self.context.operator.engine().volume_archive(carrier);
        let pumped = unless(interrupted, pump(archive, &sender)).await;
        if pumped.is_err() {
            // The thread must not treat the received chunks as complete; it may have ended already.
            drop(sender.send(Err(std::io::Error::other("the volume's archive is truncated"))).await);
        }
        drop(sender);
        let written = joined(thread).await?;
        pumped?;
        written.map_err(Error::file(FileAction::WriteBackup, &self.target))
    }

    async fn resume(&self, service: &Service, container: &str) -> Result<()> {
        self.context.operator.resume(container).await?;
        Waiter::new(self.context, PATIENCE).ready(service, |_| {}).await
    }
}

/// Forwards the chunks of an archive until it ends or the receiver is gone.
async fn pump(archive: impl Stream<Item = Result<Vec<u8>>>, sender: &Sender<Chunk>) -> Result<()> {
    let mut archive = pin!(archive);
    while let Some(chunk) = archive.next().await {
        if sender.send(Ok(chunk?)).await.is_err() {
            // The receiver reports its own error.
            break;
        }
    }
    Ok(())
}
