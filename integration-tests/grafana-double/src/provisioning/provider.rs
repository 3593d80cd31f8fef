//! Providers in `dashboards/*.yaml`: sources of dashboards and their options.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use tokio::task::AbortHandle;

/// A file with providers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    providers: Vec<Provider>,
}

/// One source of dashboards.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Provider {
    /// Its unique name.
    pub(super) name: String,
    /// The title of the folder for its dashboards.
    pub(super) folder: String,
    /// The uid of the folder if it is created.
    pub(super) folder_uid: String,
    #[serde(rename = "type")]
    kind: String,
    /// Whether a dashboard stays after its file is removed.
    pub(super) disable_deletion: bool,
    /// The scan interval.
    pub(super) update_interval_seconds: u64,
    /// Whether clients may save its dashboards.
    pub(super) allow_ui_updates: bool,
    /// Where the dashboards are.
    pub(super) options: Options,
}

/// Where the dashboards of a provider are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Options {
    /// A folder, or one file.
    pub(super) path: PathBuf,
    /// Whether folders on disk become folders in Grafana.
    pub(super) folders_from_files_structure: bool,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            name: String::new(),
            folder: String::new(),
            folder_uid: String::new(),
            kind: "file".into(),
            disable_deletion: false,
            update_interval_seconds: 10,
            allow_ui_updates: false,
            options: Options::default(),
        }
    }
}

/// The tasks that scan the providers periodically.
#[derive(Debug, Default)]
pub(crate) struct Providers(Mutex<Vec<AbortHandle>>);

impl Providers {
    /// Replaces the running tasks.
    pub(super) fn replace(&self, tasks: Vec<AbortHandle>) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for old in std::mem::replace(&mut *running, tasks) {
            old.abort();
        }
    }
}

/// Returns the providers of all files, or the first error.
pub(super) fn checked(files: Vec<File>) -> Result<Vec<Provider>, String> {
    let providers: Vec<Provider> = files.into_iter().flat_map(|file| file.providers).collect();
    let mut names = BTreeSet::new();
    for provider in &providers {
        let name = &provider.name;
        if !names.insert(name) {
            return Err(format!("dashboard name {name:?} is not unique"));
        }
        if provider.kind != "file" {
            return Err(format!("type {} is not supported", provider.kind));
        }
        if provider.options.path.as_os_str().is_empty() {
            return Err(format!("failed to load dashboards, path param is not a string (provider {name:?})"));
        }
        let in_folder = !provider.folder.is_empty() || !provider.folder_uid.is_empty();
        if provider.options.folders_from_files_structure && in_folder {
            return Err(
                "'folder' and 'folderUID' should be empty using 'foldersFromFilesStructure' option".into()
            );
        }
    }
    Ok(providers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Vec<Provider>, String> {
        checked(vec![serde_yaml::from_str(yaml).unwrap()])
    }

    #[test]
    fn provider_has_the_defaults_of_grafana() {
        let providers = read("providers: [{name: tdd, options: {path: /x}}]").unwrap();
        let tdd = &providers[0];
        assert_eq!(tdd.update_interval_seconds, 10);
        assert!(!tdd.disable_deletion && !tdd.allow_ui_updates && tdd.folder.is_empty());
    }

    #[test]
    fn invalid_provider_is_rejected() {
        for (yaml, reason) in [
            ("[{name: a, options: {path: /x}}, {name: a, options: {path: /y}}]", "not unique"),
            ("[{name: a, type: git, options: {path: /x}}]", "not supported"),
            ("[{name: a}]", "path"),
            (
                "[{name: a, folder: F, options: {path: /x, foldersFromFilesStructure: true}}]",
                "should be empty",
            ),
        ] {
            let error = read(&format!("providers: {yaml}")).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
