//! Stores the state in one file, which several processes may read and change like a database.
//!
//! Every change is written to a temporary file and renamed, so the file is never incomplete.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::state::State;

const FILE: &str = "grafana-double.json";

/// The state and its file.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    known: Mutex<Known>,
}

/// The state as this process last read or wrote it.
#[derive(Debug)]
struct Known {
    state: State,
    version: Option<Version>,
}

/// Identifies a version of the file: its inode, time and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version(u64, i64, i64, u64);

/// The error of a state that cannot be written.
#[derive(Debug)]
pub(crate) struct Unwritable(String);

impl From<Unwritable> for String {
    fn from(unwritable: Unwritable) -> Self {
        unwritable.0
    }
}

impl Store {
    /// Opens the state in a folder; an empty folder is an empty state.
    pub(crate) fn open(folder: &Path) -> Result<Self, String> {
        let (state, version) = load(folder)?;
        Ok(Self { folder: folder.to_path_buf(), known: Mutex::new(Known { state, version }) })
    }

    /// Reads the state.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        let mut known = self.lock();
        // If the file is unreadable, the last state is used, and the next change reports the error.
        drop(self.refresh(&mut known));
        look(&known.state)
    }

    /// Changes the state and writes it; an error changes nothing.
    pub(crate) fn write<R, E: From<Unwritable>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<R, E>,
    ) -> Result<R, E> {
        let failed = |error: &dyn std::fmt::Display| {
            Unwritable(format!("cannot write the state to the data folder: {error}"))
        };
        let mut known = self.lock();
        // The lock covers reading and writing, so that no process changes the state in between.
        let folder = File::open(&self.folder).and_then(|folder| folder.lock().map(|()| folder));
        let folder = folder.map_err(|error| failed(&error))?;
        self.refresh(&mut known).map_err(|error| failed(&error))?;
        let mut changed = known.state.clone();
        let result = change(&mut changed)?;
        let version = self.save(&changed).map_err(|error| failed(&error))?;
        *known = Known { state: changed, version };
        drop(folder);
        Ok(result)
    }

    /// Reads the file again if another process has changed it.
    fn refresh(&self, known: &mut Known) -> Result<(), String> {
        if version(&self.folder.join(FILE)) != known.version {
            let (state, version) = load(&self.folder)?;
            *known = Known { state, version };
        }
        Ok(())
    }

    fn save(&self, state: &State) -> std::io::Result<Option<Version>> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        let path = self.folder.join(FILE);
        file.persist(&path)?;
        Ok(version(&path))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Changes are made on a copy, so a panic leaves the old state complete.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(folder: &Path) -> Result<(State, Option<Version>), String> {
    let path = folder.join(FILE);
    // The version comes before the content, so that a change in between is detected next time.
    let version = version(&path);
    let state = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| format!("`{}` is no state of this double: {error}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
        Err(error) => return Err(format!("cannot read `{}`: {error}", path.display())),
    };
    Ok((state, version))
}

fn version(path: &Path) -> Option<Version> {
    let about = fs::metadata(path).ok()?;
    Some(Version(about.ino(), about.mtime(), about.mtime_nsec(), about.size()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_read_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.write(|state| Ok::<_, Unwritable>(state.ensure_admin("admin", "secret"))).unwrap();
        let again = Store::open(folder.path()).unwrap();
        assert!(again.read(|state| state.users[0].password.is("secret")));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE], "a temporary file remains");
    }

    #[test]
    fn change_of_another_process_is_read_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Store::open(folder.path()).unwrap(), Store::open(folder.path()).unwrap());
        one.write(|state| Ok::<_, Unwritable>(state.ensure_admin("admin", "first"))).unwrap();
        other
            .write(|state| {
                state.users[0].password = crate::state::password::Hashed::new("second");
                Ok::<_, Unwritable>(())
            })
            .unwrap();
        assert!(one.read(|state| state.users[0].password.is("second")));
        one.write(|state| {
            state.preferences.theme = "dark".into();
            Ok::<_, Unwritable>(())
        })
        .unwrap();
        assert!(
            other.read(|state| state.users[0].password.is("second") && state.preferences.theme == "dark")
        );
    }

    #[test]
    fn file_contains_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.write(|state| Ok::<_, Unwritable>(state.ensure_admin("admin", "open-sesame"))).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.contains("not Grafana") && !text.contains("open-sesame"), "{text}");
    }

    #[test]
    fn failed_change_is_discarded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let refused: Result<(), String> = store.write(|state| {
            state.ensure_admin("admin", "secret");
            Err("no".into())
        });
        assert!(refused.is_err() && store.read(|state| state.users.is_empty()));
    }

    #[test]
    fn invalid_state_file_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{").unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        assert!(error.contains(FILE) && error.contains("no state of this double"), "{error}");
    }
}
