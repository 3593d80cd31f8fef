//! Writes what is for its user alone.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::read_text;
use crate::error::{Error, FileAction, Result};

/// Writes a file that only its user may read, in a folder of the same kind, unless it is there; returns what it
/// says then.
pub fn write_private(path: &Path, content: &str) -> Result<String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(Error::file(FileAction::CreateFolder, folder))?;
    // The mode of a temporary file is that of a private one.
    let mut file = tempfile::Builder::new()
        .prefix(".tdd-stack-")
        .tempfile_in(folder)
        .map_err(Error::file(FileAction::Write, path))?;
    file.write_all(content.as_bytes()).map_err(Error::file(FileAction::Write, path))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(content.to_string()),
        Err(failed) => match read_text(path)? {
            Some(found) => Ok(found),
            None => Err(Error::file(FileAction::Write, path)(failed.error)),
        },
    }
}

/// Removes a file that was written so, and its folder where nothing else is in it; returns whether it was there.
pub fn remove_private(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => {
            // Somebody's own file may lie beside it.
            drop(path.parent().map(fs::remove_dir));
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file(FileAction::Remove, path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_file_is_the_user_s_alone_and_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/secret");
        assert_eq!(write_private(&path, "one").unwrap(), "one");
        assert_eq!(write_private(&path, "two").unwrap(), "one");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&path), mode(&dir.path().join("a/b"))], [0o600, 0o700]);
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1, "no temporary file is left");
        fs::write(dir.path().join("a/mine"), "").unwrap();
        assert!(remove_private(&path).unwrap() && !remove_private(&path).unwrap());
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "its folder is gone, mine stays");
    }
}
