//! Rules for adding and changing data sources, for clients and files.

use axum::http::StatusCode;

use crate::api::answer::Answer;
use crate::state::State;
use crate::state::data_source::{DataSource, Editing, Wanted, base_url};
use crate::state::uid;

/// Adds a data source.
pub(crate) fn insert(state: &mut State, wanted: Wanted, editing: Editing) -> Result<DataSource, Answer> {
    check(&wanted)?;
    let conflict = |message: &str| Err(Answer::error(StatusCode::CONFLICT, message));
    if state.data_sources.iter().any(|known| known.name == wanted.name) {
        return conflict("data source with the same name already exists");
    }
    if !wanted.uid.is_empty() && state.data_sources.iter().any(|known| known.uid == wanted.uid) {
        return conflict("data source with the same uid already exists");
    }
    state.last_data_source_id += 1;
    let uid = if wanted.uid.is_empty() { uid::generate('b') } else { wanted.uid.clone() };
    let mut added =
        DataSource { id: state.last_data_source_id, uid, version: 1, editing, ..DataSource::default() };
    added.take(wanted);
    keep_one_default(state, &added);
    state.data_sources.push(added.clone());
    Ok(added)
}

/// Changes the data source with this number.
pub(crate) fn change(
    state: &mut State,
    id: u64,
    wanted: Wanted,
    editing: Editing,
) -> Result<DataSource, Answer> {
    check(&wanted)?;
    let others = || state.data_sources.iter().filter(|known| known.id != id);
    let conflict = |message: &str| Err(Answer::error(StatusCode::CONFLICT, message));
    if others().any(|known| known.name == wanted.name) {
        return conflict("Failed to update datasource: data source with the same name already exists");
    }
    if others().any(|known| known.uid == wanted.uid) {
        return conflict("Failed to update datasource: data source with the same uid already exists");
    }
    let known = state.data_sources.iter_mut().find(|known| known.id == id).ok_or_else(not_found)?;
    if wanted.version != 0 && wanted.version != known.version {
        return conflict("Datasource has already been updated by someone else. Please reload and try again");
    }
    known.version = wanted.version + 1;
    known.editing = editing;
    if !wanted.uid.is_empty() {
        known.uid.clone_from(&wanted.uid);
    }
    known.take(wanted);
    let changed = known.clone();
    keep_one_default(state, &changed);
    Ok(changed)
}

/// Returns the answer for a missing data source.
pub(crate) fn not_found() -> Answer {
    Answer::message(StatusCode::NOT_FOUND, "Data source not found")
}

fn check(wanted: &Wanted) -> Result<(), Answer> {
    if wanted.name.is_empty() || wanted.kind.is_empty() || wanted.access.is_empty() {
        return Err(Answer::bad_request_data());
    }
    if !wanted.url.is_empty() && base_url(&wanted.url).is_none() {
        return Err(Answer::error(StatusCode::BAD_REQUEST, "Validation error, invalid URL"));
    }
    Ok(())
}

fn keep_one_default(state: &mut State, newest: &DataSource) {
    if newest.is_default {
        for other in state.data_sources.iter_mut().filter(|known| known.id != newest.id) {
            other.is_default = false;
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
