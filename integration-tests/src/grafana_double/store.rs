//! Keeps the state in one file of the data folder.
//!
//! Never leaves half a file: every change is written beside it and renamed over it, or does not happen.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use tempfile::NamedTempFile;

use super::answer::Answer;
use super::state::State;

const FILE: &str = "grafana-double.json";

/// The state and the file that holds it.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    state: Mutex<State>,
}

/// The state could not be written.
#[derive(Debug)]
pub(crate) struct Unwritable(String);

impl From<Unwritable> for Answer {
    fn from(unwritable: Unwritable) -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, unwritable.0)
    }
}

impl From<Unwritable> for String {
    fn from(unwritable: Unwritable) -> Self {
        unwritable.0
    }
}

impl Store {
    /// Opens the state in a folder; an empty folder is an empty state.
    pub(crate) fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let state = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| format!("`{}` is no state of this double: {error}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(format!("cannot read `{}`: {error}", path.display())),
        };
        Ok(Self { folder: folder.to_path_buf(), state: Mutex::new(state) })
    }

    /// Looks at the state.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the state and writes it; an error changes nothing.
    pub(crate) fn write<R, E: From<Unwritable>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut state = self.lock();
        let mut changed = state.clone();
        let result = change(&mut changed)?;
        self.save(&changed)
            .map_err(|error| Unwritable(format!("cannot write the state to the data folder: {error}")))?;
        *state = changed;
        Ok(result)
    }

    fn save(&self, state: &State) -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(state)?)?;
        file.persist(self.folder.join(FILE))?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in a change leaves the old state whole, for the change was made on a copy.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_outlives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.write(|state| Ok::<_, Answer>(state.ensure_admin("admin", "secret"))).unwrap();
        let again = Store::open(folder.path()).unwrap();
        assert!(again.read(|state| state.users[0].password.is("secret")));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE], "no temporary file is left");
    }

    #[test]
    fn the_password_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.write(|state| Ok::<_, Answer>(state.ensure_admin("admin", "open-sesame"))).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.contains("not Grafana") && !text.contains("open-sesame"), "{text}");
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let refused: Result<(), Answer> = store.write(|state| {
            state.ensure_admin("admin", "secret");
            Err(Answer::not_found())
        });
        assert!(refused.is_err() && store.read(|state| state.users.is_empty()));
    }

    #[test]
    fn a_state_of_something_else_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "{").unwrap();
        let error = Store::open(folder.path()).unwrap_err();
        assert!(error.contains(FILE) && error.contains("no state of this double"), "{error}");
    }
}
