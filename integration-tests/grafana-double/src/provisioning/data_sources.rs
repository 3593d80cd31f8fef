//! Data sources from `datasources/*.yaml`.
//!
//! A file is applied completely, or not at all.

use serde::Deserialize;

use super::read::read_yaml;
use crate::api::app::App;
use crate::api::data_sources::{change, insert};
use crate::log::{self, Level};
use crate::state::State;
use crate::state::data_source::{Editing, Wanted};

const LOGGER: &str = "provisioning.datasources";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    datasources: Vec<Entry>,
    delete_datasources: Vec<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(flatten)]
    wanted: Wanted,
    editable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

/// Inserts, changes and deletes data sources according to the files.
pub(crate) fn provision(app: &App) -> Result<(), String> {
    let files: Vec<File> = read_yaml(&app.settings.provisioning.join("datasources"), LOGGER)?;
    let defaults =
        files.iter().flat_map(|file| &file.datasources).filter(|entry| entry.wanted.is_default).count();
    if defaults > 1 {
        return Err(
            "datasource.yaml config is invalid. Only one datasource per organization can be marked as \
                    default"
                .into(),
        );
    }
    if files.is_empty() {
        return Ok(());
    }
    app.store.write(|state| files.into_iter().try_for_each(|file| apply(state, file)))
}

fn apply(state: &mut State, file: File) -> Result<(), String> {
    for named in file.delete_datasources {
        state.data_sources.retain(|known| known.name != named.name);
    }
    for Entry { mut wanted, editable } in file.datasources {
        if !matches!(wanted.access.as_str(), "proxy" | "direct") {
            wanted.access = "proxy".into();
        }
        let editing = if editable { Editing::Allowed } else { Editing::ReadOnly };
        let name = wanted.name.clone();
        let known = state.data_sources.iter().find(|known| known.name == name).map(|known| known.id);
        let applied = match known {
            Some(id) => change(state, id, wanted, editing),
            None => insert(state, wanted, editing),
        };
        let applied = applied
            .map_err(|refused| format!("failed to provision {name:?} data source: {}", refused.text()))?;
        let what = if known.is_some() { "updating" } else { "inserting" };
        let message = format!("{what} datasource from configuration");
        log::line(Level::Info, LOGGER, &message, &[("name", &applied.name), ("uid", &applied.uid)]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(state: &mut State, yaml: &str) -> Result<(), String> {
        apply(state, serde_yaml::from_str(yaml).unwrap())
    }

    #[test]
    fn data_source_is_matched_by_name() {
        let mut state = State::default();
        let file = "datasources: [{name: P, uid: p, type: prometheus, url: 'http://one'}]";
        applied(&mut state, file).unwrap();
        applied(&mut state, &file.replace("one", "two")).unwrap();
        assert_eq!(state.data_sources.len(), 1);
        let known = &state.data_sources[0];
        assert_eq!((known.url.as_str(), known.access.as_str()), ("http://two", "proxy"));
        assert_eq!(known.editing, Editing::ReadOnly);
    }

    #[test]
    fn file_may_allow_changes_and_delete_data_sources() {
        let mut state = State::default();
        applied(&mut state, "datasources: [{name: P, type: prometheus, editable: true}]").unwrap();
        assert_eq!(state.data_sources[0].editing, Editing::Allowed);
        applied(&mut state, "deleteDatasources: [{name: P, orgId: 1}]").unwrap();
        assert!(state.data_sources.is_empty());
    }

    #[test]
    fn data_source_without_type_is_an_error() {
        let error = applied(&mut State::default(), "datasources: [{name: P}]").unwrap_err();
        assert_eq!(error, "failed to provision \"P\" data source: bad request data");
    }
}
