//! The user's disk: the only place that writes it.
//!
//! Every write is a temporary file beside the target and a rename, so no reader sees half a file, and a full disk
//! leaves everything as it was. A list of hashes of what this program wrote tells the user's edits from its own
//! older files. A symbolic link is the user's: it is read through, and never written through nor replaced.

mod atomic;
mod path_error;
mod private;
mod read;
mod retention;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::time::{Instant, sleep};

use crate::error::{Error, FileAction, Result};
use crate::model::observed::{Author, DiskFile};
use crate::model::stack::sha256;

pub use atomic::{AtomicFile, Existing};
pub use private::{remove_private, write_private};
pub use read::read_text;
pub use retention::{keep_newest, write_dated, write_new};

/// The list of hashes, in the form that `sha256sum -c` reads.
const LIST: &str = ".tdd-stack.sha256";

/// Another process writes for milliseconds; one that was stopped in the middle must not be waited for.
const OTHERS: Duration = Duration::from_secs(5);

/// Between two looks whether another process is done: the system tells only those who wait without a limit.
const PAUSE: Duration = Duration::from_millis(5);

/// Returns the folder in which this program keeps what is its user's, beside the configuration.
pub fn state_folder(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name| environment(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    // The standard has a relative path be ignored.
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("tdd-stack"))
}

/// The configuration folder.
#[derive(Clone, Debug)]
pub struct ConfigFolder {
    path: PathBuf,
}

impl ConfigFolder {
    /// Returns the configuration folder at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns its path, as the user sees it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns those of the named files that are there.
    pub fn read<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, DiskFile>> {
        let written = self.hashes()?;
        let mut files = BTreeMap::new();
        for name in names {
            let path = self.path.join(name);
            if let Some(content) = read_text(&path)? {
                let is_ours = written.get(name).is_some_and(|hash| *hash == sha256(content.as_bytes()));
                let author = if is_ours && !path.is_symlink() { Author::Program } else { Author::User };
                files.insert(name.to_string(), DiskFile { content, author });
            }
        }
        Ok(files)
    }

    /// Tries, leaving no trace, whether files can be made in it, or in the folder that it would be made in.
    pub fn try_writing(&self) -> Result<()> {
        let visible =
            |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.into() };
        let nearest = self.path.ancestors().map(visible).find(|path| path.exists()).unwrap_or_default();
        tempfile::tempfile_in(&nearest).map(drop).map_err(Error::file(FileAction::Write, nearest))
    }

    /// Writes a shipped file, unless the user has written it since it was looked at.
    pub async fn write(&self, name: &str, content: &str) -> Result<()> {
        let _alone = self.begin().await?;
        match self.read([name].into_iter())?.remove(name) {
            Some(found) if found.content == content => {}
            Some(found) if found.author == Author::User => {
                let reason = "it was edited meanwhile, and stays: run this again to go by it";
                return Err(Error::file(FileAction::Write, self.path.join(name))(reason));
            }
            _ => {}
        }
        self.replace(&[(name, content)])
    }

    /// Writes what the user made elsewhere: a file that counts as the user's own.
    pub async fn write_for_user(&self, name: &str, content: &str, existing: Existing) -> Result<()> {
        let _alone = self.begin().await?;
        let (file, path) = self.prepare((name, content))?;
        let placed = match existing {
            Existing::Keep => file.persist_noclobber(&path),
            Existing::Replace => file.persist(&path),
        };
        placed.map(drop).map_err(|failed| Error::file(FileAction::Write, path)(failed.error))
    }

    /// Writes shipped files over whatever is there, given as names and contents: all of them, or none if one does
    /// not fit on the disk.
    pub async fn write_all(&self, files: &[(&str, &str)]) -> Result<()> {
        let _alone = self.begin().await?;
        self.replace(files)
    }

    /// Returns what keeps others from writing here; makes the folder where it is not there.
    async fn begin(&self) -> Result<File> {
        fs::create_dir_all(&self.path).map_err(|error| path_error::in_the_way(&self.path, error))?;
        self.lock().await
    }

    fn replace(&self, files: &[(&str, &str)]) -> Result<()> {
        let mut hashes = self.hashes()?;
        hashes.extend(files.iter().map(|(name, content)| ((*name).to_string(), sha256(content.as_bytes()))));
        let lines: Vec<String> = hashes.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
        let list = lines.concat();
        // All that may need space comes first, and the list last: it must not tell of what is not there.
        let prepared: Result<Vec<_>> =
            files.iter().copied().chain([(LIST, list.as_str())]).map(|file| self.prepare(file)).collect();
        for (file, path) in prepared? {
            file.persist(&path).map_err(|failed| Error::file(FileAction::Write, path)(failed.error))?;
        }
        Ok(())
    }

    /// Keeps a copy of a file beside it and returns the copy's path.
    pub fn back_up(&self, name: &str) -> Result<PathBuf> {
        let source = self.path.join(name);
        let Some(mut original) = read::open(&source)? else {
            return Err(Error::file(FileAction::Read, source)("it is not there any more"));
        };
        let mut copy = self.temporary(&source)?;
        std::io::copy(&mut original, &mut copy).map_err(Error::file(FileAction::BackUp, &source))?;
        let mut number: u32 = 1;
        loop {
            let target = self.path.join(format!("{name}.bak-{number}"));
            // Another one's backup stays, even one that was made a moment ago.
            match copy.persist_noclobber(&target) {
                Ok(_) => return Ok(target),
                Err(failed) if target.symlink_metadata().is_ok() => {
                    copy = failed.file;
                    number += 1;
                }
                Err(failed) => return Err(Error::file(FileAction::BackUpTo, target)(failed.error)),
            }
        }
    }

    /// Returns a file beside its place, ready to be moved there.
    fn prepare(&self, (name, content): (&str, &str)) -> Result<(NamedTempFile, PathBuf)> {
        let path = self.path.join(name);
        path_error::refuse(&path)?;
        let mut file = self.temporary(&path)?;
        file.write_all(content.as_bytes()).map_err(Error::file(FileAction::Write, &path))?;
        Ok((file, path))
    }

    fn temporary(&self, target: &Path) -> Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(".tdd-stack-")
            // Compose's containers read it as nobody.
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(&self.path)
            .map_err(Error::file(FileAction::Write, target))
    }

    /// Returns what keeps other processes from writing here; the system lets go of it when this one ends.
    async fn lock(&self) -> Result<File> {
        // The folder itself: a file made for it would stay behind.
        let folder = File::open(&self.path).map_err(Error::file(FileAction::Lock, &self.path))?;
        let deadline = Instant::now() + OTHERS;
        while matches!(folder.try_lock(), Err(TryLockError::WouldBlock)) {
            if Instant::now() >= deadline {
                let reason = format!("another process has been writing there for {} s", OTHERS.as_secs());
                return Err(Error::file(FileAction::Lock, &self.path)(reason));
            }
            sleep(PAUSE).await;
        }
        // Where there are no locks at all, each file still is whole.
        Ok(folder)
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>> {
        let text = match read::read_lossy(&self.path.join(LIST)) {
            // A list that is none tells nothing, and the next write brings a good one.
            Err(Error::Faults(_)) => String::new(),
            text => text?.unwrap_or_default(),
        };
        let pair = |line: &str| {
            let (hash, name) = line.split_once("  ")?;
            Some((name.to_string(), hash.to_string()))
        };
        Ok(text.lines().filter_map(pair).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, ConfigFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConfigFolder::at(dir.path().join("config/monitoring"));
        (dir, folder)
    }

    #[tokio::test]
    async fn what_the_program_wrote_is_told_from_what_the_user_wrote() {
        let (_dir, folder) = folder();
        assert!(folder.read(["a.yml"].into_iter()).unwrap().is_empty());
        folder.write("a.yml", "shipped").await.unwrap();
        folder.write("b.yml", "shipped too").await.unwrap();
        fs::write(folder.path().join("b.yml"), "edited").unwrap();
        let files = folder.read(["a.yml", "b.yml"].into_iter()).unwrap();
        assert_eq!(files["a.yml"].author, Author::Program);
        assert_eq!(files["b.yml"], DiskFile { content: "edited".into(), author: Author::User });
    }

    #[test]
    fn trying_to_write_leaves_no_trace() {
        let (dir, folder) = folder();
        folder.try_writing().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_the_user_wrote_meanwhile_stays() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "shipped").await.unwrap();
        fs::write(folder.path().join("a.yml"), "edited").unwrap();
        let error = folder.write("a.yml", "newer").await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert_eq!(fs::read_to_string(folder.path().join("a.yml")).unwrap(), "edited");
        folder.write_all(&[("a.yml", "newer")]).await.unwrap();
        folder.write("a.yml", "newest").await.unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a.yml")).unwrap(), "newest");
    }

    #[tokio::test]
    async fn a_broken_list_of_hashes_is_replaced() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "shipped").await.unwrap();
        for broken in ["\0\u{1b}\n  \n".to_string(), "x".repeat(3_000_000)] {
            fs::write(folder.path().join(LIST), broken).unwrap();
            assert_eq!(folder.read(["a.yml"].into_iter()).unwrap()["a.yml"].author, Author::User);
            folder.write("a.yml", "shipped").await.unwrap();
            assert_eq!(folder.read(["a.yml"].into_iter()).unwrap()["a.yml"].author, Author::Program);
        }
    }

    #[tokio::test]
    async fn of_several_files_all_are_written_or_none() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "one").await.unwrap();
        fs::create_dir(folder.path().join("b.yml")).unwrap();
        let error = folder.write_all(&[("a.yml", "two"), ("b.yml", "two")]).await.unwrap_err();
        assert!(error.to_string().ends_with("b.yml`"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("a.yml")).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "a.yml, b.yml and the list");
    }

    #[tokio::test]
    async fn files_are_readable_by_the_services() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "x").await.unwrap();
        let mode = fs::metadata(folder.path().join("a.yml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[tokio::test]
    async fn backups_never_replace_each_other() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "one").await.unwrap();
        let first = folder.back_up("a.yml").unwrap();
        folder.write("a.yml", "two").await.unwrap();
        let second = folder.back_up("a.yml").unwrap();
        assert_eq!(fs::read_to_string(first).unwrap(), "one");
        assert_eq!(fs::read_to_string(second).unwrap(), "two");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config"), "a file in the way").unwrap();
        let folder = ConfigFolder::at(dir.path().join("config/monitoring"));
        assert_eq!(folder.try_writing().unwrap_err().exit_code(), 4);
        let error = folder.write("a.yml", "x").await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().ends_with("/config`"), "{error}");
    }
}
