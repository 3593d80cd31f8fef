//! The user's disk. Only this file and the files below it write to it.
//!
//! Every write creates a temporary file next to the target and renames it, so no reader sees a partial file
//! and a full disk changes nothing. A list of checksums of the written files distinguishes the user's edits
//! from older shipped files. A symbolic link belongs to the user: it is read, and never written through or
//! replaced.

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
use crate::model::stack::{ConfigFile, sha256};

pub use atomic::{AtomicFile, Existing};
pub use private::{remove_private, write_private};
pub use read::read_text;
pub use retention::{keep_newest, write_dated, write_new};

/// The list of checksums, in the format that `sha256sum -c` reads.
const LIST: &str = ".tdd-stack.sha256";

/// How long to wait for another process, which writes for milliseconds. A suspended one would never finish.
const OTHERS: Duration = Duration::from_secs(5);

/// The pause between two attempts to lock: the system's own wait for a lock has no time limit.
const PAUSE: Duration = Duration::from_millis(5);

/// Returns the folder for this program's own files of a user, apart from the configuration.
pub fn state_folder(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folder = |name| environment(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    // The XDG standard says that a relative path is ignored.
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

    /// Returns the folder's path as the user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the named files that exist.
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

    /// Returns the content of a file: the user's version, or the shipped one if there is none.
    pub fn content(&self, file: &ConfigFile) -> Result<String> {
        let found = self.read([file.name].into_iter())?.remove(file.name);
        Ok(found.map_or_else(|| file.content.clone().into_owned(), |found| found.content))
    }

    /// Checks that files can be created in the folder, or in its nearest existing parent. Leaves no trace.
    pub fn try_writing(&self) -> Result<()> {
        let visible =
            |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.into() };
        let nearest = self.path.ancestors().map(visible).find(|path| path.exists()).unwrap_or_default();
        tempfile::tempfile_in(&nearest).map(drop).map_err(Error::file(FileAction::Write, nearest))
    }

    /// Writes a shipped file, unless the user has edited it since it was read.
    pub async fn write(&self, name: &str, content: &str) -> Result<()> {
        let _lock = self.begin().await?;
        match self.read([name].into_iter())?.remove(name) {
            Some(found) if found.content == content => {}
            Some(found) if found.author == Author::User => {
                let reason = "it was edited meanwhile and is kept: run the command again to use it";
                return Err(Error::file(FileAction::Write, self.path.join(name))(reason));
            }
            _ => {}
        }
        self.replace(&[(name, content)])
    }

    /// Writes content that the user made elsewhere. The file counts as edited by the user.
    pub async fn write_for_user(&self, name: &str, content: &str, existing: Existing) -> Result<()> {
        let _lock = self.begin().await?;
        let (file, path) = self.prepare((name, content))?;
        let placed = match existing {
            Existing::Keep => file.persist_noclobber(&path),
            Existing::Replace => file.persist(&path),
        };
        placed.map(drop).map_err(|failed| Error::file(FileAction::Write, path)(failed.error))
    }

    /// Writes shipped files, given as names and contents, over existing ones: all of them, or none if one
    /// does not fit on the disk.
    pub async fn write_all(&self, files: &[(&str, &str)]) -> Result<()> {
        let _lock = self.begin().await?;
        self.replace(files)
    }

    /// Creates the folder if it is missing, and returns the lock that keeps other processes from writing in it.
    async fn begin(&self) -> Result<File> {
        fs::create_dir_all(&self.path).map_err(|error| path_error::in_the_way(&self.path, error))?;
        self.lock().await
    }

    fn replace(&self, files: &[(&str, &str)]) -> Result<()> {
        let mut hashes = self.hashes()?;
        hashes.extend(files.iter().map(|(name, content)| ((*name).to_string(), sha256(content.as_bytes()))));
        let lines: Vec<String> = hashes.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
        let list = lines.concat();
        // Everything that may need space comes first. The list comes last: it must not name a missing file.
        let prepared: Result<Vec<_>> =
            files.iter().copied().chain([(LIST, list.as_str())]).map(|file| self.prepare(file)).collect();
        for (file, path) in prepared? {
            file.persist(&path).map_err(|failed| Error::file(FileAction::Write, path)(failed.error))?;
        }
        Ok(())
    }

    /// Copies a file to a new backup next to it and returns the backup's path.
    pub fn back_up(&self, name: &str) -> Result<PathBuf> {
        let source = self.path.join(name);
        let Some(mut original) = read::open(&source)? else {
            return Err(Error::file(FileAction::Read, source)("it no longer exists"));
        };
        let mut copy = self.temporary(&source)?;
        std::io::copy(&mut original, &mut copy).map_err(Error::file(FileAction::BackUp, &source))?;
        let mut number: u32 = 1;
        loop {
            let target = self.path.join(format!("{name}.bak-{number}"));
            // An existing backup is kept, even one that was created a moment ago.
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

    /// Writes a temporary file next to its target, ready to be moved there.
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
            // The containers of the Compose file read it as an unprivileged user.
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(&self.path)
            .map_err(Error::file(FileAction::Write, target))
    }

    /// Locks the folder against other processes. The system releases the lock when this process ends.
    async fn lock(&self) -> Result<File> {
        // The folder itself is locked: a lock file would be left behind.
        let folder = File::open(&self.path).map_err(Error::file(FileAction::Lock, &self.path))?;
        let deadline = Instant::now() + OTHERS;
        while matches!(folder.try_lock(), Err(TryLockError::WouldBlock)) {
            if Instant::now() >= deadline {
                let reason = format!("another process has been writing there for {} s", OTHERS.as_secs());
                return Err(Error::file(FileAction::Lock, &self.path)(reason));
            }
            sleep(PAUSE).await;
        }
        // A file system without locks is accepted: each file is still written atomically.
        Ok(folder)
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>> {
        let text = match read::read_lossy(&self.path.join(LIST)) {
            // A malformed list is ignored: the next write replaces it.
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
    async fn read_distinguishes_shipped_from_edited_files() {
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
    fn try_writing_leaves_no_trace() {
        let (dir, folder) = folder();
        folder.try_writing().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn write_keeps_a_file_edited_meanwhile() {
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
    async fn write_replaces_a_malformed_list() {
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
    async fn write_all_writes_all_files_or_none() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "one").await.unwrap();
        fs::create_dir(folder.path().join("b.yml")).unwrap();
        let error = folder.write_all(&[("a.yml", "two"), ("b.yml", "two")]).await.unwrap_err();
        assert!(error.to_string().ends_with("b.yml`"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("a.yml")).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "a.yml, b.yml and the list");
    }

    #[tokio::test]
    async fn written_files_are_readable_by_services() {
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
    async fn unwritable_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config"), "a file in the way").unwrap();
        let folder = ConfigFolder::at(dir.path().join("config/monitoring"));
        assert_eq!(folder.try_writing().unwrap_err().exit_code(), 4);
        let error = folder.write("a.yml", "x").await.unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().ends_with("/config`"), "{error}");
    }
}
