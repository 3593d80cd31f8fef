//! Reads files of the user's: regular ones, up to a size, and never waits for what is none.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use super::path_error;
use crate::config::validate::LONGEST;
use crate::error::{ConfigFault, Error, FileAction, Result};

/// Returns a text file's content, or nothing if it is not there.
///
/// A file that is too long or is no text is a configuration fault.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| {
        let sound = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..sound].split(|byte| *byte == b'\n').count() as u64;
        let reason = format!("the byte 0x{:02x} is no UTF-8: save the file as UTF-8", bytes[sound]);
        fault(path, Some(line), reason)
    })?;
    Ok(Some(text))
}

/// Returns a file's content with `�` for what is no text, or nothing if it is not there.
pub(super) fn read_lossy(path: &Path) -> Result<Option<String>> {
    Ok(read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Opens a regular file, or what a link leads to; nothing if it is not there.
pub(super) fn open(path: &Path) -> Result<Option<File>> {
    match fs::metadata(path) {
        Ok(seen) if seen.is_file() => {}
        Ok(seen) => return Err(path_error::no_file(path, seen.file_type())),
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => return Ok(None),
        Err(error) => return Err(path_error::unreadable(path, error)),
    }
    // Something else may have taken its place meanwhile, and must not be waited for either.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| path_error::unreadable(path, error))?;
    let seen = file.metadata().map_err(Error::file(FileAction::Read, path))?;
    if seen.is_file() { Ok(Some(file)) } else { Err(path_error::no_file(path, seen.file_type())) }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    // What the system says of the length is not to be trusted: a file may grow, or be one of `/proc`.
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(Error::file(FileAction::Read, path))?;
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it is longer than {} MiB, the most that is read", LONGEST / (1024 * 1024));
        return Err(fault(path, None, reason));
    }
    Ok(Some(bytes))
}

fn fault(path: &Path, line: Option<u64>, reason: String) -> Error {
    Error::Faults(vec![ConfigFault { file: path.to_path_buf(), line, reason }])
}
