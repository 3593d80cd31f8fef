//! The effects of saving a dashboard, in each flavour.
//!
//! Clients and files use the same function.

use serde_json::{Map, Value, json};

use super::refusal;
use crate::api::answer::Answer;
use crate::api::query::parse_interval;
use crate::flavour::Flavour;
use crate::state::dashboard::{Dashboard, Provisioned};
use crate::state::uid;
use crate::state::{Author, State};

/// The shortest refresh; shorter ones are raised silently.
const SHORTEST_REFRESH_MS: u64 = 5_000;

/// The longest message of a version.
const LONGEST_MESSAGE: usize = 500;

/// A save by a client or from a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The dashboard as it was sent.
    pub(crate) spec: Map<String, Value>,
    /// The uid of the folder; empty for none.
    pub(crate) folder_uid: String,
    /// Whether an existing dashboard is replaced regardless of its version.
    pub(crate) overwrite: bool,
    /// The message of the version.
    pub(crate) message: String,
    /// The file of a provisioned dashboard.
    pub(crate) file: Option<Provisioned>,
}

/// Saves a dashboard.
pub(crate) fn save(state: &mut State, wanted: Wanted, author: &Author) -> Result<Dashboard, Answer> {
    let flavour = author.flavour;
    let mut spec = wanted.spec;
    let id = spec.remove("id").and_then(|id| id.as_u64()).filter(|id| *id != 0);
    let uid = spec.remove("uid").and_then(|uid| uid.as_str().map(str::to_string)).unwrap_or_default();
    let version = spec.remove("version").and_then(|version| version.as_u64());
    check_title_and_uid(&spec, &uid, flavour)?;
    if wanted.message.chars().count() > LONGEST_MESSAGE {
        return Err(refusal::long_message());
    }
    if !wanted.folder_uid.is_empty() && state.folder(&wanted.folder_uid).is_none() {
        return Err(refusal::no_such_folder(flavour, &wanted.folder_uid));
    }
    raise_refresh(&mut spec);
    let Some(index) = existing(state, id, &uid, flavour)? else {
        let created = Dashboard {
            id: state.next_dashboard_id(flavour),
            uid: if uid.is_empty() { uid::generate('a') } else { uid },
            folder_uid: wanted.folder_uid,
            spec,
            version: 1,
            created_ms: author.now_ms,
            created_by: author.login.clone(),
            updated_ms: author.now_ms,
            updated_by: author.login.clone(),
            provisioned: wanted.file,
        };
        state.dashboards.push(created.clone());
        return Ok(created);
    };
    let known = &mut state.dashboards[index];
    if wanted.file.is_none() && known.is_locked() {
        return Err(refusal::provisioned());
    }
    if !wanted.overwrite && version != Some(known.version) {
        return Err(refusal::changed_by_someone_else(flavour));
    }
    let same = known.spec == spec && known.folder_uid == wanted.folder_uid;
    if !uid.is_empty() {
        known.uid = uid;
    }
    known.provisioned = wanted.file.or(known.provisioned.take());
    if flavour == Flavour::Unified && same {
        return Ok(known.clone());
    }
    known.spec = spec;
    known.folder_uid = wanted.folder_uid;
    known.version += 1;
    known.updated_ms = author.now_ms;
    known.updated_by.clone_from(&author.login);
    Ok(known.clone())
}

fn check_title_and_uid(spec: &Map<String, Value>, uid: &str, flavour: Flavour) -> Result<(), Answer> {
    let title = spec.get("title").and_then(Value::as_str).unwrap_or_default();
    if title.trim().is_empty() {
        return Err(refusal::no_title(flavour));
    }
    if !uid::has_legal_characters(uid) {
        return Err(refusal::illegal_uid(flavour, uid));
    }
    if uid.len() > uid::LONGEST {
        return Err(refusal::long_uid(flavour, uid));
    }
    Ok(())
}

/// Returns the index of the existing dashboard, or `None` for a new one.
fn existing(state: &State, id: Option<u64>, uid: &str, flavour: Flavour) -> Result<Option<usize>, Answer> {
    let same_uid = state.dashboards.iter().position(|known| !uid.is_empty() && known.uid == uid);
    let Some(id) = id else { return Ok(same_uid) };
    let with_id = state.dashboards.iter().position(|known| known.id == id);
    match (with_id, same_uid, flavour) {
        (None, None, _) if uid.is_empty() => Err(refusal::no_such_id(flavour)),
        (None, _, Flavour::Classic) => Err(refusal::no_such_id(flavour)),
        (None, same_uid, Flavour::Unified) => Ok(same_uid),
        (Some(one), Some(other), _) if one != other => Err(refusal::uid_of_another()),
        (Some(_), None, Flavour::Unified) if !uid.is_empty() => Ok(None),
        (Some(one), ..) => Ok(Some(one)),
    }
}

fn raise_refresh(spec: &mut Map<String, Value>) {
    let refresh = spec.get("refresh").and_then(Value::as_str).and_then(|text| parse_interval(text).ok());
    if refresh.is_some_and(|refresh| refresh < SHORTEST_REFRESH_MS) {
        spec.insert("refresh".into(), json!("5s"));
    }
}

#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;
