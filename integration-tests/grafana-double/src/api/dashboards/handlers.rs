//! Handlers of `/api/dashboards`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::refusal::unknown_dashboard;
use super::save::{Wanted, save};
use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::state::slug::slug;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SaveCommand {
    dashboard: Option<Map<String, Value>>,
    folder_uid: String,
    overwrite: bool,
    message: String,
    is_folder: bool,
}

/// Answers `POST /api/dashboards/db`.
pub(crate) async fn add(State(app): State<Shared>, user: SignedIn, body: JsonBody) -> Reply {
    let command: SaveCommand = body.typed()?;
    let spec = command.dashboard.ok_or_else(Answer::bad_request_data)?;
    if command.is_folder {
        return Err(Answer::message(StatusCode::BAD_REQUEST, "Use folders endpoint for saving folders."));
    }
    let wanted = Wanted {
        spec,
        folder_uid: command.folder_uid,
        overwrite: command.overwrite,
        message: command.message,
        file: None,
    };
    let author = app.author(&user.login);
    let saved = app.store.write(|state| save(state, wanted, &author))?;
    Ok(Answer::ok(json!({
        "folderUid": saved.folder_uid,
        "id": saved.id,
        "slug": slug(saved.title()),
        "status": "success",
        "uid": saved.uid,
        "url": saved.url(&app.settings.sub_url),
        "version": saved.version,
    })))
}

/// Answers `GET /api/dashboards/uid/{uid}`.
pub(crate) async fn by_uid(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    app.store.read(|state| {
        let found = state.dashboard(&uid).ok_or_else(unknown_dashboard)?;
        Ok(Answer::ok(found.to_json(state.folder(&found.folder_uid), &app.settings.sub_url)))
    })
}

/// Answers `DELETE /api/dashboards/uid/{uid}`.
pub(crate) async fn remove(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    app.store.write(|state| {
        let known = state.dashboard(&uid).ok_or_else(unknown_dashboard)?;
        if known.is_locked() {
            let message = "provisioned dashboard cannot be deleted";
            return Err(Answer::message(StatusCode::BAD_REQUEST, message));
        }
        let title = known.title().to_string();
        state.dashboards.retain(|dashboard| dashboard.uid != uid);
        Ok(Answer::ok(json!({"title": title, "message": format!("Dashboard {title} deleted"), "uid": uid})))
    })
}

/// Answers `GET /api/dashboards/home`.
pub(crate) async fn home(State(app): State<Shared>, _: SignedIn) -> Answer {
    let preferred = app.store.read(|state| {
        let uid = &state.preferences.home_dashboard_uid;
        state.dashboard(uid).map(|home| home.url(&app.settings.sub_url))
    });
    Answer::ok(match preferred {
        Some(url) => json!({"redirectUri": url}),
        None => json!({
            "meta": {"isHome": true, "canSave": false, "canEdit": true, "folderTitle": "General"},
            "dashboard": {"title": "Home", "panels": [], "schemaVersion": 42},
        }),
    })
}
