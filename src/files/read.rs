//! Reads the user's files: regular files only, up to a size limit, and never blocks on another kind of file.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use super::path_error;
use crate::config::validate::LONGEST;
use crate::error::{ConfigFault, Error, FileAction, Result};

/// Returns the content of a text file, or `None` if it does not exist.
///
/// A file that is too long or not UTF-8 is a configuration fault.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..valid].split(|byte| *byte == b'\n').count() as u64;
        let reason = format!("the byte 0x{:02x} is not UTF-8: save the file as UTF-8", bytes[valid]);
        fault(path, Some(line), reason)
    })?;
    Ok(Some(text))
}

/// Returns the content of a file with `�` for invalid UTF-8, or `None` if it does not exist.
pub(super) fn read_lossy(path: &Path) -> Result<Option<String>> {
    Ok(read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Opens a regular file, also through a link. Returns `None` if it does not exist.
pub(super) fn open(path: &Path) -> Result<Option<File>> {
    match fs::metadata(path) {
        Ok(seen) if seen.is_file() => {}
        Ok(seen) => return Err(path_error::no_file(path, seen.file_type())),
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => return Ok(None),
        Err(error) => return Err(path_error::unreadable(path, error)),
    }
    // Another kind of file may have replaced it meanwhile. Opening a pipe, for example, would block.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| path_error::unreadable(path, error))?;
    let seen = file.metadata().map_err(Error::file(FileAction::Read, path))?;
    if seen.is_file() { Ok(Some(file)) } else { Err(path_error::no_file(path, seen.file_type())) }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    // The reported length is unreliable: a file may grow, or be one of `/proc`.
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(Error::file(FileAction::Read, path))?;
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it is longer than {} MiB, the limit", LONGEST / (1024 * 1024));
        return Err(fault(path, None, reason));
    }
    Ok(Some(bytes))
}

fn fault(path: &Path, line: Option<u64>, reason: String) -> Error {
    Error::Faults(vec![ConfigFault { file: path.to_path_buf(), line, reason }])
}
