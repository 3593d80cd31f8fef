//! Handlers of `/api/datasources`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::rules::{change, insert, not_found};
use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::state::State as Remembered;
use crate::state::data_source::{DataSource, Editing, Wanted};

/// Answers `GET /api/datasources`.
pub(crate) async fn list(State(app): State<Shared>, _: SignedIn) -> Answer {
    let mut all = app.store.read(|state| state.data_sources.clone());
    all.sort_by_key(|known| known.name.to_lowercase());
    let with_type_name = all.iter().map(|known| {
        let mut item = known.to_json();
        item["typeName"] = json!(type_name(&known.kind));
        item
    });
    Answer::ok(with_type_name.collect())
}

/// Answers `POST /api/datasources`.
pub(crate) async fn add(State(app): State<Shared>, _: SignedIn, body: JsonBody) -> Reply {
    let wanted: Wanted = body.typed()?;
    let added = app.store.write(|state| insert(state, wanted, Editing::Allowed))?;
    Ok(told(&added, "Datasource added"))
}

/// Answers `GET /api/datasources/uid/{uid}`.
pub(crate) async fn by_uid(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    shown(&app, |known| known.uid == uid)
}

/// Answers `GET /api/datasources/name/{name}`.
pub(crate) async fn by_name(State(app): State<Shared>, _: SignedIn, Path(name): Path<String>) -> Reply {
    shown(&app, |known| known.name == name)
}

/// Answers `GET /api/datasources/id/{name}`.
pub(crate) async fn id_by_name(State(app): State<Shared>, _: SignedIn, Path(name): Path<String>) -> Reply {
    let found = app.store.read(|state| find(state, |known| known.name == name).map(|known| known.id));
    found.map(|id| Answer::ok(json!({"id": id}))).ok_or_else(not_found)
}

/// Answers `PUT /api/datasources/uid/{uid}`.
pub(crate) async fn update(
    State(app): State<Shared>,
    _: SignedIn,
    Path(uid): Path<String>,
    body: JsonBody,
) -> Reply {
    let wanted: Wanted = body.typed()?;
    if wanted.name.is_empty() || wanted.kind.is_empty() || wanted.access.is_empty() {
        return Err(Answer::bad_request_data());
    }
    let changed = app.store.write(|state| {
        let known = find(state, |known| known.uid == uid).ok_or_else(not_found)?;
        if known.editing == Editing::ReadOnly {
            return Err(Answer::message(StatusCode::FORBIDDEN, "Cannot update read-only data source"));
        }
        let id = known.id;
        change(state, id, wanted, Editing::Allowed)
    })?;
    Ok(told(&changed, "Datasource updated"))
}

/// Answers `DELETE /api/datasources/uid/{uid}`.
pub(crate) async fn remove_by_uid(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    app.store.write(|state| remove(state, |known| known.uid == uid))
}

/// Answers `DELETE /api/datasources/name/{name}`.
pub(crate) async fn remove_by_name(
    State(app): State<Shared>,
    _: SignedIn,
    Path(name): Path<String>,
) -> Reply {
    app.store.write(|state| remove(state, |known| known.name == name))
}

fn remove(state: &mut Remembered, fits: impl Fn(&DataSource) -> bool) -> Reply {
    let known = find(state, fits).ok_or_else(not_found)?;
    if known.editing == Editing::ReadOnly {
        return Err(Answer::message(StatusCode::FORBIDDEN, "Cannot delete read-only data source"));
    }
    let id = known.id;
    state.data_sources.retain(|known| known.id != id);
    Ok(Answer::ok(json!({"id": id, "message": "Data source deleted"})))
}

fn shown(app: &Shared, fits: impl Fn(&DataSource) -> bool) -> Reply {
    app.store.read(|state| find(state, fits).map(|known| Answer::ok(known.to_json()))).ok_or_else(not_found)
}

fn find(state: &Remembered, fits: impl Fn(&DataSource) -> bool) -> Option<&DataSource> {
    state.data_sources.iter().find(|known| fits(known))
}

fn told(data_source: &DataSource, message: &str) -> Answer {
    Answer::ok(json!({
        "datasource": data_source.to_json(),
        "id": data_source.id,
        "message": message,
        "name": data_source.name,
    }))
}

fn type_name(kind: &str) -> String {
    let mut letters = kind.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
