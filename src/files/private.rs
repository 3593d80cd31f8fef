//! Files that only their user may read.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::read_text;
use crate::error::{Error, FileAction, Result};

/// Writes a file that only the user may read, in a folder with the same restriction, unless the file exists.
/// Returns the content of the file on the disk.
pub fn write_private(path: &Path, content: &str) -> Result<String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(Error::file(FileAction::CreateFolder, folder))?;
    // A temporary file has mode 0600.
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

/// Removes a file that [`write_private`] wrote, and its folder if it is then empty. Returns whether it existed.
pub fn remove_private(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => {
            // The folder may contain files of other programs, and then stays.
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
    fn private_file_is_owner_only_and_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/secret");
        assert_eq!(write_private(&path, "one").unwrap(), "one");
        assert_eq!(write_private(&path, "two").unwrap(), "one");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&path), mode(&dir.path().join("a/b"))], [0o600, 0o700]);
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1, "no temporary file is left");
        fs::write(dir.path().join("a/mine"), "").unwrap();
        assert!(remove_private(&path).unwrap() && !remove_private(&path).unwrap());
        assert_eq!(
            fs::read_dir(dir.path().join("a")).unwrap().count(),
            1,
            "its folder is removed, the other file stays"
        );
    }
}
