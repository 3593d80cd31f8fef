//! Restores a backup. Verifies the whole file before the first change, and removes partially restored
//! volumes.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::{HelperImage, Interrupt, joined, keepers, pipe, unless};
use crate::backup::format::{self, Damage, Known, RestoreReport, Verified};
use crate::context::StackContext;
use crate::docker::image_reference::ImageReference;
use crate::engine::VOLUME_ROOT;
use crate::error::{Conflict, Error, ObjectKind, Result, and_clean_up};
use crate::files::Existing;
use crate::model::observed::{Objects, VolumeKind};
use crate::model::sanitize;
use crate::model::stack::Stack;
use crate::plan::Force;

/// The size of the write buffer in bytes, which combines the archive's small writes into large chunks.
const BUFFER: usize = 1 << 16;

/// What happens to data volumes that already exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupied {
    /// They stay, and the restore fails with a conflict.
    Keep,
    /// The volumes that the backup contains are replaced.
    Overwrite,
}

/// A prepared restore. Nothing is changed yet.
#[derive(Debug)]
pub struct Restoring<'a> {
    context: StackContext<'a>,
    path: PathBuf,
    file: File,
    verified: Verified,
    image: HelperImage,
    /// The volumes on the engine, each with its name in the backup.
    volumes: Vec<(String, String)>,
    /// The volumes to replace.
    occupied: Vec<String>,
    /// The helper containers that an interrupted run left.
    leftovers: Vec<String>,
    /// The sentinel container of an earlier restore that was interrupted.
    sentinel: Option<String>,
    notes: Vec<String>,
}

impl<'a> Restoring<'a> {
    /// Verifies the whole backup, and checks that the stack can take it.
    ///
    /// Returns [`Error::Backup`] for a file that is not a valid backup, and [`Error::Conflicts`] for
    /// containers and volumes that already exist.
    pub async fn prepare(context: StackContext<'a>, path: &Path, occupied: Occupied) -> Result<Self> {
        let stack = context.stack;
        let file = File::open(path).map_err(Error::backup(path))?;
        let verified = verify(stack, path, &file).await?;
        let inventory = context.engine().inventory(&stack.name).await?;
        let (mut conflicts, mut held) = (Vec::new(), Vec::new());
        let in_backup = verified.manifest.volumes();
        let mut volumes = Vec::new();
        let Objects { containers, set_aside, restore: half, .. } = &inventory.objects;
        let half = half.as_ref();
        for container in containers.values().chain(set_aside.values()) {
            conflicts.push(Conflict::Present { kind: ObjectKind::Container, name: container.name.clone() });
        }
        for (_, volume, name) in keepers(stack) {
            let theirs = Conflict::Foreign { kind: ObjectKind::Volume, name: volume.to_string() };
            let exists = inventory.objects.volumes.contains_key(volume);
            if inventory.foreign.contains(&theirs) {
                conflicts.push(theirs);
            } else if exists && occupied == Occupied::Keep {
                conflicts.push(Conflict::Present { kind: ObjectKind::Volume, name: volume.to_string() });
            }
            let is_half = half.is_some_and(|restore| restore.volumes.iter().any(|half| half == volume));
            if in_backup.contains(&name) {
                volumes.push((volume.to_string(), name.to_string()));
            }
            if exists && (is_half || in_backup.contains(&name)) {
                held.push(volume.to_string());
            }
        }
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
        context.folder.try_writing()?;
        let (notes, image) = (notes(stack, &verified), HelperImage::find(context, &inventory.objects).await?);
        let sentinel = half.map(|restore| restore.sentinel.clone());
        let (path, leftovers) = (path.to_path_buf(), inventory.objects.leftovers);
        Ok(Self { context, path, file, verified, image, volumes, occupied: held, leftovers, sentinel, notes })
    }

    /// Restores the backup. A failure or interrupt leaves no partially restored volume.
    pub async fn restore(
        self,
        interrupted: &Interrupt,
        mut on_progress: impl FnMut(&str),
    ) -> Result<RestoreReport> {
        let StackContext { operator, stack, .. } = self.context;
        for note in &self.notes {
            on_progress(note);
        }
        let image = unless(interrupted, self.image.clone().get(operator, &mut on_progress)).await?;
        let sentinel = self.begin(&image).await?;
        for leftover in &self.leftovers {
            operator.remove(leftover, Force::Kill).await?;
        }
        for volume in &self.occupied {
            on_progress(&format!("removing volume {volume}"));
            operator.remove_volume(volume).await?;
        }
        let mut made = Vec::new();
        let outcome = match self.fill(&image, &mut made, interrupted, &mut on_progress).await {
            Ok(()) => unless(interrupted, self.write_files(&mut on_progress)).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok((written, kept)) => {
                operator.remove(&sentinel, Force::Kill).await?;
                Ok(RestoreReport {
                    stack: stack.name.clone(),
                    file: self.path,
                    manifest: self.verified.manifest,
                    written,
                    kept,
                })
            }
            Err(error) => {
                self.undo(&made, &sentinel, &mut on_progress).await;
                Err(error)
            }
        }
    }

    /// Creates the sentinel container that records an unfinished restore, and returns its id.
    async fn begin(&self, image: &str) -> Result<String> {
        if let Some(sentinel) = &self.sentinel {
            return Ok(sentinel.clone());
        }
        let volumes: Vec<&str> = self.volumes.iter().map(|(volume, _)| volume.as_str()).collect();
        self.context.operator.create_restore_sentinel(self.context.stack, image, &volumes).await
    }

    /// Removes the volumes that this restore created, then the sentinel container.
    async fn undo(&self, made: &[String], sentinel: &str, on_progress: &mut impl FnMut(&str)) {
        let operator = self.context.operator;
        let mut is_undone = true;
        for volume in made {
            if let Err(error) = operator.remove_volume(volume).await {
                on_progress(&format!("cannot remove the partially restored volume {volume}: {error}"));
                is_undone = false;
            }
        }
        // While a partially restored volume remains, the sentinel must remain too.
        if is_undone && let Err(error) = operator.remove(sentinel, Force::Kill).await {
            on_progress(&format!("cannot remove the sentinel container of this restore: {error}"));
        }
    }

    async fn fill(
        &self,
        image: &str,
        made: &mut Vec<String>,
        interrupted: &Interrupt,
        on_progress: &mut impl FnMut(&str),
    ) -> Result<()> {
        let StackContext { operator, stack, .. } = self.context;
        for (volume, name) in &self.volumes {
            unless(interrupted, async { Ok(()) }).await?;
            on_progress(&format!("filling volume {volume}"));
            operator.create_volume(&stack.name, volume, VolumeKind::Data).await?;
            made.push(volume.clone());
            let carrier = operator.create_carrier(&stack.name, image, volume, "restore").await?;
            let filled = self.fill_one(&carrier, volume, name, interrupted).await;
            let removed = operator.remove(&carrier, Force::Kill).await;
            and_clean_up(filled, removed.err())?;
        }
        Ok(())
    }

    async fn fill_one(&self, carrier: &str, volume: &str, name: &str, interrupted: &Interrupt) -> Result<()> {
        let (sink, archive) = pipe::out_of_thread();
        let file = self.file.try_clone().map_err(Error::backup(&self.path))?;
        let (manifest, name) = (self.verified.manifest.clone(), name.to_string());
        let thread = spawn_blocking(move || {
            let failing = sink.clone();
            let mut out = BufWriter::with_capacity(BUFFER, sink);
            let copied = format::copy_volume(file, &manifest, &name, VOLUME_ROOT, &mut out);
            let copied = copied.and_then(|()| out.flush().map_err(Damage::from));
            if copied.is_err() {
                failing.fail();
            }
            copied
        });
        let filled = unless(interrupted, self.context.operator.fill_volume(carrier, archive)).await;
        let copied = joined(thread).await?;
        match (filled, copied) {
            (Err(Error::Interrupted), _) => Err(Error::Interrupted),
            (Err(error), Ok(())) => Err(Error::restore(volume, error)),
            // The engine closed the connection, and its error is the cause.
            (Err(error), Err(Damage::Unreadable(pipe))) if pipe.kind() == ErrorKind::BrokenPipe => {
                Err(Error::restore(volume, error))
            }
            (_, Err(damage)) => Err(Error::backup(&self.path)(damage)),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Writes the missing configuration files. Returns them, and the existing files that differ and are kept.
    async fn write_files(&self, on_progress: &mut impl FnMut(&str)) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let StackContext { folder, .. } = self.context;
        let Verified { manifest, files } = &self.verified;
        let there = folder.read(files.keys().map(String::as_str))?;
        let (mut written, mut kept) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let path = folder.path().join(name);
            match there.get(name) {
                Some(found) if found.content == *content => {}
                Some(_) => {
                    on_progress(&format!("{} differs from the backup and is kept", sanitize::path(&path)));
                    kept.push(path);
                }
                None if manifest.about.edited.contains(name) => {
                    folder.write_for_user(name, content, Existing::Keep).await?;
                    written.push(path);
                }
                None => {
                    folder.write(name, content).await?;
                    written.push(path);
                }
            }
        }
        Ok((written, kept))
    }
}

async fn verify(stack: &Stack, path: &Path, file: &File) -> Result<Verified> {
    let known = Known {
        volumes: keepers(stack).map(|(_, _, name)| name.to_string()).collect(),
        files: stack.files.iter().map(|file| file.name.to_string()).collect(),
    };
    let copy = file.try_clone().map_err(Error::backup(path))?;
    // An interrupt drops this future but not the thread, so the guard makes the thread's next read fail.
    let (copy, _stop) = pipe::stoppable(copy);
    joined(spawn_blocking(move || format::verify(copy, &known))).await?.map_err(Error::backup(path))
}

/// Returns a note for each service whose image version differs from the one that wrote the data.
fn notes(stack: &Stack, verified: &Verified) -> Vec<String> {
    let version =
        |reference: &str| reference.parse::<ImageReference>().map(|image| image.version().to_string()).ok();
    let differs = |(service, image): (&String, &format::RecordedImage)| {
        let ours = stack.service(service)?.image.to_string();
        (version(&ours) != version(&image.reference)).then(|| {
            format!("the data of {service} was written by `{}`, but `up` runs `{ours}`", image.reference)
        })
    };
    verified.manifest.about.images.iter().filter_map(differs).collect()
}
