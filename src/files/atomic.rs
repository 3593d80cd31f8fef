//! A file that only its owner may read, and that is written completely or not at all.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Conflict, Error, FileAction, Result};

/// What happens to an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the write fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// A file that is being written next to its target. Dropping it removes it.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    target: PathBuf,
    existing: Existing,
}

impl AtomicFile {
    /// Creates a temporary file of mode 0600.
    pub fn begin(target: &Path, existing: Existing) -> Result<Self> {
        if existing == Existing::Keep && target.symlink_metadata().is_ok() {
            return Err(taken(target));
        }
        if target.is_dir() {
            return Err(Error::file(FileAction::WriteBackup, target)("it is a folder"));
        }
        let file = tempfile::Builder::new().prefix(".tdd-stack-").tempfile_in(folder(target));
        let file = file.map_err(Error::file(FileAction::WriteBackup, target))?;
        Ok(Self { file, target: target.to_path_buf(), existing })
    }

    /// Syncs the file to the disk, moves it to its target, and returns its size in bytes.
    pub fn keep(self) -> Result<u64> {
        let failed = || Error::file(FileAction::WriteBackup, &self.target);
        self.file.as_file().sync_all().map_err(failed())?;
        let placed = match self.existing {
            Existing::Keep => self.file.persist_noclobber(&self.target),
            Existing::Replace => self.file.persist(&self.target),
        };
        let file = placed.map_err(|error| match error.error.kind() {
            ErrorKind::AlreadyExists => taken(&self.target),
            _ => Error::file(FileAction::WriteBackup, &self.target)(error.error),
        })?;
        let failed = || Error::file(FileAction::WriteBackup, &self.target);
        // The folder's entry must survive a crash too.
        File::open(folder(&self.target)).and_then(|folder| folder.sync_all()).map_err(failed())?;
        Ok(file.metadata().map_err(failed())?.len())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn taken(target: &Path) -> Error {
    Error::Conflicts(vec![Conflict::File { path: target.to_path_buf() }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn kept_file_is_complete_and_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.backup");
        let mut file = AtomicFile::begin(&target, Existing::Keep).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!target.exists());
        assert_eq!(file.keep().unwrap(), 4);
        assert_eq!(fs::read(&target).unwrap(), b"half");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn dropped_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = AtomicFile::begin(&folder.path().join("a.backup"), Existing::Keep).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn existing_file_stays_unless_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.backup");
        let late = AtomicFile::begin(&target, Existing::Keep).unwrap();
        fs::write(&target, "old").unwrap();
        for refused in [AtomicFile::begin(&target, Existing::Keep).map(drop), late.keep().map(drop)] {
            let error = refused.unwrap_err();
            assert_eq!((error.exit_code(), error.code()), (4, "conflict"));
            assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        }
        AtomicFile::begin(&target, Existing::Replace).unwrap().keep().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn unwritable_target_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for target in [folder.path().to_path_buf(), folder.path().join("absent/a.backup")] {
            let error = AtomicFile::begin(&target, Existing::Replace).unwrap_err();
            assert_eq!(error.exit_code(), 4);
            assert!(error.to_string().contains(&target.display().to_string()), "{error}");
        }
    }
}
