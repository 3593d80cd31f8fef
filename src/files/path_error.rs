//! Errors that name what blocks the path of a file or a folder.
//!
//! Each error has one of the system's error kinds, by which the hint is chosen.

use std::fs::{self, FileType};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::io::Errno;

use crate::error::{Error, FileAction, Result};
use crate::model::sanitize;

/// Fails if something other than a regular file is at a path that is to be written.
pub(super) fn refuse(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(seen) if seen.is_symlink() => {
            let reason = format!("it is {}, which is neither written through nor replaced", link(path));
            Err(Error::file(FileAction::Write, path)(io::Error::new(ErrorKind::Unsupported, reason)))
        }
        Ok(seen) if !seen.is_file() => Err(Error::file(FileAction::Write, path)(io::Error::new(
            kind(seen.file_type()),
            it_is(seen.file_type()),
        ))),
        _ => Ok(()),
    }
}

/// Returns the error for a path that is to be read and is not a regular file.
pub(super) fn no_file(path: &Path, found: FileType) -> Error {
    let reason = if path.is_symlink() {
        format!("it is {}, and that is {}", link(path), word(found))
    } else {
        it_is(found)
    };
    Error::file(FileAction::Read, path)(io::Error::new(kind(found), reason))
}

/// Returns the error for a file that cannot be opened.
pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotADirectory => in_the_way(path, error),
        ErrorKind::NotFound if path.is_symlink() => {
            let reason = format!("it is {}, which does not exist", link(path));
            Error::file(FileAction::Read, path)(io::Error::new(ErrorKind::Unsupported, reason))
        }
        _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            let reason = format!("it is {}, which leads back to itself", link(path));
            Error::file(FileAction::Read, path)(io::Error::new(ErrorKind::Unsupported, reason))
        }
        _ => Error::file(FileAction::Read, path)(error),
    }
}

/// Returns the error for a folder that cannot be created or used. It names what blocks the path.
pub(super) fn in_the_way(folder: &Path, error: io::Error) -> Error {
    let blocks = |path: &&Path| {
        let is_dangling = path.is_symlink() && fs::metadata(path).is_err();
        is_dangling || fs::metadata(path).is_ok_and(|seen| !seen.is_dir())
    };
    match folder.ancestors().find(blocks) {
        Some(found) => {
            let reason = match fs::metadata(found) {
                Ok(_) => "it is not a folder".into(),
                Err(_) => format!("it is {}, which does not exist", link(found)),
            };
            Error::file(FileAction::UseAsFolder, found)(io::Error::new(ErrorKind::NotADirectory, reason))
        }
        None => Error::file(FileAction::CreateFolder, folder)(error),
    }
}

fn link(path: &Path) -> String {
    let target = fs::read_link(path).map(|target| sanitize::path(&target)).unwrap_or_default();
    format!("a symbolic link to `{target}`")
}

fn kind(found: FileType) -> ErrorKind {
    if found.is_dir() { ErrorKind::IsADirectory } else { ErrorKind::Unsupported }
}

fn it_is(found: FileType) -> String {
    format!("it is {}", word(found))
}

fn word(found: FileType) -> &'static str {
    match () {
        () if found.is_dir() => "a folder",
        () if found.is_fifo() => "a named pipe",
        () if found.is_socket() => "a socket",
        () if found.is_char_device() || found.is_block_device() => "a device",
        () => "not a regular file",
    }
}
