//! Restores: the whole file is read and compared before anything is touched, and what was half restored is removed.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::{BackupContext, HelperImage, Interrupt, joined, pipe, unless};
use crate::backup::format::{self, Damage, Known, RestoreReport, Verified};
use crate::docker::image_reference::ImageReference;
use crate::engine::VOLUME_ROOT;
use crate::error::{Conflict, Error, ObjectKind, Result, and_clean_up};
use crate::files::Existing;
use crate::model::observed::{Objects, VolumeKind};
use crate::model::sanitize;
use crate::plan::Force;

/// Between the archive's many small pieces and the engine.
const BUFFER: usize = 1 << 16;

/// What becomes of data volumes that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupied {
    /// They stay, and that is a conflict.
    Keep,
    /// Those that the backup has are replaced.
    Overwrite,
}

/// A restore that can be made. Nothing is changed yet.
#[derive(Debug)]
pub struct Restoring<'a> {
    context: BackupContext<'a>,
    path: PathBuf,
    file: File,
    verified: Verified,
    image: HelperImage,
    /// The volume on the engine and its name in the backup.
    volumes: Vec<(String, String)>,
    /// Volumes that are replaced.
    occupied: Vec<String>,
    /// Containers that were left behind by what was cut off.
    leftovers: Vec<String>,
    /// What says that an earlier restore was cut off.
    sentinel: Option<String>,
    notes: Vec<String>,
}

impl<'a> BackupContext<'a> {
    /// Reads and compares all of a backup, and looks whether the stack has room for it.
    pub async fn prepare_restore(&'a self, path: &Path, occupied: Occupied) -> Result<Restoring<'a>> {
        let file = File::open(path).map_err(Error::backup(path))?;
        let verified = self.verify(path, &file).await?;
        let inventory = self.operator.engine().inventory(&self.stack.name).await?;
        let (mut conflicts, mut held) = (Vec::new(), Vec::new());
        let in_backup = verified.manifest.volumes();
        let mut volumes = Vec::new();
        let Objects { containers, set_aside, restore: half, .. } = &inventory.objects;
        let half = half.as_ref();
        for container in containers.values().chain(set_aside.values()) {
            conflicts.push(Conflict::Present { kind: ObjectKind::Container, name: container.name.clone() });
        }
        for (_, volume, name) in self.keepers() {
            let theirs = Conflict::Foreign { kind: ObjectKind::Volume, name: volume.to_string() };
            let is_there = inventory.objects.volumes.contains_key(volume);
            if inventory.foreign.contains(&theirs) {
                conflicts.push(theirs);
            } else if is_there && occupied == Occupied::Keep {
                conflicts.push(Conflict::Present { kind: ObjectKind::Volume, name: volume.to_string() });
            }
            let is_half = half.is_some_and(|restore| restore.volumes.iter().any(|half| half == volume));
            if in_backup.contains(&name) {
                volumes.push((volume.to_string(), name.to_string()));
            }
            if is_there && (is_half || in_backup.contains(&name)) {
                held.push(volume.to_string());
            }
        }
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
        self.folder.try_writing()?;
        let (notes, image) = (self.notes(&verified), self.carrier_image(&inventory.objects).await?);
        let sentinel = half.map(|restore| restore.sentinel.clone());
        let (path, leftovers) = (path.to_path_buf(), inventory.objects.leftovers);
        Ok(Restoring {
            context: *self,
            path,
            file,
            verified,
            image,
            volumes,
            occupied: held,
            leftovers,
            sentinel,
            notes,
        })
    }

    async fn verify(&self, path: &Path, file: &File) -> Result<Verified> {
        let known = Known {
            volumes: self.keepers().map(|(_, _, name)| name.to_string()).collect(),
            files: self.stack.files.iter().map(|file| file.name.to_string()).collect(),
        };
        let copy = file.try_clone().map_err(Error::backup(path))?;
        // An interrupt drops this, and a thread cannot be dropped.
        let (copy, _stop) = pipe::stoppable(copy);
        joined(spawn_blocking(move || format::verify(copy, &known))).await?.map_err(Error::backup(path))
    }

    /// Tells where the stack would read the data with another release than wrote it.
    fn notes(&self, verified: &Verified) -> Vec<String> {
        let version = |reference: &str| {
            reference.parse::<ImageReference>().map(|image| image.version().to_string()).ok()
        };
        let differs = |(service, image): (&String, &format::RecordedImage)| {
            let ours = self.stack.service(service)?.image.to_string();
            (version(&ours) != version(&image.reference)).then(|| {
                format!("the data of {service} is from `{}`, and `up` runs `{ours}`", image.reference)
            })
        };
        verified.manifest.about.images.iter().filter_map(differs).collect()
    }
}

impl Restoring<'_> {
    /// Restores. Here changing begins: what fails or is interrupted leaves no half-restored volume.
    pub async fn restore(self, interrupted: &Interrupt, mut told: impl FnMut(&str)) -> Result<RestoreReport> {
        let BackupContext { operator, stack, .. } = self.context;
        for note in &self.notes {
            told(note);
        }
        let image = unless(interrupted, self.image.clone().get(operator, &mut told)).await?;
        let sentinel = self.begin(&image).await?;
        for leftover in &self.leftovers {
            operator.remove(leftover, Force::Kill).await?;
        }
        for volume in &self.occupied {
            told(&format!("removes volume {volume}"));
            operator.remove_volume(volume).await?;
        }
        let mut made = Vec::new();
        let outcome = match self.fill(&image, &mut made, interrupted, &mut told).await {
            Ok(()) => unless(interrupted, self.write_files(&mut told)).await,
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
                self.undo(&made, &sentinel, &mut told).await;
                Err(error)
            }
        }
    }

    /// Says on the engine that a restore has begun, and returns the id of what says it.
    async fn begin(&self, image: &str) -> Result<String> {
        if let Some(sentinel) = &self.sentinel {
            return Ok(sentinel.clone());
        }
        let volumes: Vec<&str> = self.volumes.iter().map(|(volume, _)| volume.as_str()).collect();
        self.context.operator.create_restore_sentinel(self.context.stack, image, &volumes).await
    }

    /// Removes the volumes that were made, and then what says that a restore has begun.
    async fn undo(&self, made: &[String], sentinel: &str, told: &mut impl FnMut(&str)) {
        let operator = self.context.operator;
        let mut is_undone = true;
        for volume in made {
            if let Err(error) = operator.remove_volume(volume).await {
                told(&format!("volume {volume} is restored by half and cannot be removed: {error}"));
                is_undone = false;
            }
        }
        // A mark that stays tells too much rather than too little.
        if is_undone && let Err(error) = operator.remove(sentinel, Force::Kill).await {
            told(&format!("the mark of this restore cannot be removed: {error}"));
        }
    }

    async fn fill(
        &self,
        image: &str,
        made: &mut Vec<String>,
        interrupted: &Interrupt,
        told: &mut impl FnMut(&str),
    ) -> Result<()> {
        let BackupContext { operator, stack, .. } = self.context;
        for (volume, name) in &self.volumes {
            unless(interrupted, async { Ok(()) }).await?;
            told(&format!("fills volume {volume}"));
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
            // The engine hung up, and it tells why.
            (Err(error), Err(Damage::Unreadable(pipe))) if pipe.kind() == ErrorKind::BrokenPipe => {
                Err(Error::restore(volume, error))
            }
            (_, Err(damage)) => Err(Error::backup(&self.path)(damage)),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Writes the configuration files that are absent, and returns those and the ones that differ and stay.
    async fn write_files(&self, told: &mut impl FnMut(&str)) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let BackupContext { folder, .. } = self.context;
        let Verified { manifest, files } = &self.verified;
        let there = folder.read(files.keys().map(String::as_str))?;
        let (mut written, mut kept) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let path = folder.path().join(name);
            match there.get(name) {
                Some(found) if found.content == *content => {}
                Some(_) => {
                    told(&format!("{} differs from the backup's, and stays", sanitize::path(&path)));
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
