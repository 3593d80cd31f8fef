//! Folders that only the user may read, of which the newest are kept.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::{Error, FileAction, Result};

/// The file that marks a folder as one that this program may remove.
const MARKER: &str = ".tdd-stack-diagnostics";

/// The first line of the marker file. The time follows, in nanoseconds since the Unix epoch.
const MARK: &str = "diagnostics of tdd-stack, removed when there are newer ones\n";

/// Creates a folder with files inside `parent` and returns its path. `moment` is its age for [`keep_newest`].
pub fn write_dated(
    parent: &Path,
    name: &str,
    moment: SystemTime,
    files: &[(String, String)],
) -> Result<PathBuf> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.map_err(Error::file(FileAction::CreateFolder, parent))?;
    let folder = make_folder(parent, name)?;
    let nanoseconds = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    // The marker comes first, so that an incomplete folder is removed in time too.
    write_new(&folder.join(MARKER), format!("{MARK}{nanoseconds}\n").as_bytes())
        // Without its marker, the folder would stay permanently.
        .inspect_err(|_| drop(fs::remove_dir(&folder)))?;
    for (name, content) in files {
        let path = folder.join(name);
        let inside = path.parent().unwrap_or(&folder);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(inside);
        made.map_err(Error::file(FileAction::CreateFolder, inside))?;
        write_new(&path, content.as_bytes())?;
    }
    Ok(folder)
}

/// Removes all but the newest folders that [`write_dated`] created inside `parent`. `latest` always stays:
/// after the clock was set back, it looks older than the others.
pub fn keep_newest(parent: &Path, count: usize, latest: Option<&Path>) -> Result<()> {
    let entries = fs::read_dir(parent).map_err(Error::file(FileAction::Read, parent))?;
    let mut ours: Vec<(u128, PathBuf)> = entries
        .flatten()
        // A link is skipped: the folder to which it leads is not one of these.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| Some((moment_of(&entry.path())?, entry.path())))
        .filter(|(_, folder)| latest.is_none_or(|latest| latest != folder))
        .collect();
    ours.sort_unstable();
    let surplus = (ours.len() + usize::from(latest.is_some())).saturating_sub(count);
    let surplus = surplus.min(ours.len());
    for (_, folder) in &ours[..surplus] {
        fs::remove_dir_all(folder).map_err(Error::file(FileAction::Remove, folder))?;
    }
    Ok(())
}

/// Writes a new file that only the user may read. Fails if it exists.
pub fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        // A partial file is useless and would block another attempt.
        file.write_all(content).inspect_err(|_| drop(fs::remove_file(path)))
    })
    .map_err(Error::file(FileAction::Write, path))
}

fn make_folder(parent: &Path, name: &str) -> Result<PathBuf> {
    let mut folder = parent.join(name);
    for number in 2..100 {
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                folder = parent.join(format!("{name}-{number}"));
            }
            other => {
                return other.map(|()| folder.clone()).map_err(Error::file(FileAction::CreateFolder, folder));
            }
        }
    }
    Err(Error::file(FileAction::CreateFolder, folder)("a hundred folders of this name exist"))
}

/// Returns the time in a folder's marker, or `None` if this program did not create the folder.
fn moment_of(folder: &Path) -> Option<u128> {
    let marker = folder.join(MARKER);
    let is_file = fs::symlink_metadata(&marker).is_ok_and(|seen| seen.is_file());
    let text = if is_file { fs::read_to_string(marker).ok()? } else { return None };
    text.strip_prefix(MARK)?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn dated_folder_is_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let parent = dir.path().join("state/diagnostics");
        let files = [("logs/a.log".to_string(), "x".to_string())];
        let folder = write_dated(&parent, "one", at(1), &files).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&parent), mode(&folder), mode(&folder.join("logs"))), (0o700, 0o700, 0o700));
        assert_eq!(mode(&folder.join("logs/a.log")), 0o600);
    }

    #[test]
    fn dated_folders_of_one_name_are_numbered() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(write_dated(dir.path(), "one", at(1), &[]).unwrap(), dir.path().join("one"));
        assert_eq!(write_dated(dir.path(), "one", at(1), &[]).unwrap(), dir.path().join("one-2"));
    }

    #[test]
    fn keep_newest_removes_only_own_oldest_folders() {
        let dir = tempfile::tempdir().unwrap();
        for second in 0..5 {
            write_dated(dir.path(), &format!("f{second}"), at(second), &[]).unwrap();
        }
        fs::create_dir(dir.path().join("a-foreign")).unwrap();
        fs::write(dir.path().join("a-file"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("f4"), dir.path().join("a-link")).unwrap();
        keep_newest(dir.path(), 2, None).unwrap();
        let entries = fs::read_dir(dir.path()).unwrap();
        let mut left: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["a-file", "a-foreign", "a-link", "f3", "f4"]);
    }

    #[test]
    fn keep_newest_keeps_latest_after_clock_change() {
        let dir = tempfile::tempdir().unwrap();
        let write = |second| write_dated(dir.path(), &format!("f{second}"), at(second), &[]).unwrap();
        let folders = [5, 6, 7, 1].map(write);
        keep_newest(dir.path(), 2, Some(&folders[3])).unwrap();
        assert_eq!(folders.map(|folder| folder.exists()), [false, false, true, true]);
    }

    #[test]
    fn write_new_never_replaces_a_file() {
        let dir = tempfile::tempdir().unwrap();
        write_new(&dir.path().join("a"), b"one").unwrap();
        assert_eq!(write_new(&dir.path().join("a"), b"two").unwrap_err().exit_code(), 4);
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "one");
    }
}
