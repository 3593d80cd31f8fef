//! `/api/folders`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::state::folder::Folder;
use crate::state::uid;
use crate::state::{Author, State as Remembered};

/// A folder that a client or a file creates.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Wanted {
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) parent_uid: String,
}

/// Creates a folder; another folder may have the same title.
pub(crate) fn insert(state: &mut Remembered, wanted: Wanted, author: &Author) -> Result<Folder, Answer> {
    let refused = |message: &str| Err(Answer::message(StatusCode::BAD_REQUEST, message));
    let title = wanted.title.trim();
    if title.is_empty() {
        return refused("folder title cannot be empty");
    }
    if !uid::has_legal_characters(&wanted.uid) {
        return refused("uid contains illegal characters");
    }
    if wanted.uid.len() > uid::LONGEST {
        return refused("uid too long, max 40 characters");
    }
    if wanted.uid == "general" {
        return refused("invalid uid for folder provided");
    }
    if state.folder(&wanted.uid).is_some() {
        let message = "the folder has been changed by someone else";
        return Err(Answer::with_status(StatusCode::PRECONDITION_FAILED, message, "version-mismatch"));
    }
    if !wanted.parent_uid.is_empty() && state.folder(&wanted.parent_uid).is_none() {
        return Err(not_found());
    }
    let folder = Folder {
        id: state.next_dashboard_id(author.flavour),
        uid: if wanted.uid.is_empty() { uid::generate('c') } else { wanted.uid },
        title: title.to_string(),
        parent_uid: wanted.parent_uid,
        version: 1,
        created_ms: author.now_ms,
        created_by: author.login.clone(),
    };
    state.folders.push(folder.clone());
    Ok(folder)
}

/// Answers `GET /api/folders`.
pub(crate) async fn list(State(app): State<Shared>, _: SignedIn) -> Answer {
    let brief = |folder: &Folder| json!({"id": folder.id, "uid": folder.uid, "title": folder.title});
    Answer::ok(app.store.read(|state| state.folders.iter().map(brief).collect()))
}

/// Answers `POST /api/folders`.
pub(crate) async fn add(State(app): State<Shared>, user: SignedIn, body: JsonBody) -> Reply {
    let wanted: Wanted = body.typed()?;
    let author = app.author(&user.login);
    let folder = app.store.write(|state| insert(state, wanted, &author))?;
    Ok(Answer::ok(folder.to_json(&app.settings.sub_url)))
}

/// Answers `GET /api/folders/{uid}`.
pub(crate) async fn by_uid(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    let found =
        app.store.read(|state| state.folder(&uid).map(|folder| folder.to_json(&app.settings.sub_url)));
    found.map(Answer::ok).ok_or_else(not_found)
}

/// Answers `DELETE /api/folders/{uid}`, which also removes the dashboards in the folder.
pub(crate) async fn remove(State(app): State<Shared>, _: SignedIn, Path(uid): Path<String>) -> Reply {
    app.store.write(|state| {
        let title = state.folder(&uid).ok_or_else(not_found)?.title.clone();
        state.folders.retain(|folder| folder.uid != uid);
        state.dashboards.retain(|dashboard| dashboard.folder_uid != uid);
        Ok(Answer::ok(json!({"message": format!("Folder {title} deleted"), "title": title, "uid": uid})))
    })
}

fn not_found() -> Answer {
    Answer::with_status(StatusCode::NOT_FOUND, "folder not found", "not-found")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(uid: &str, title: &str) -> Wanted {
        Wanted { uid: uid.into(), title: title.into(), parent_uid: String::new() }
    }

    #[test]
    fn invalid_folder_is_rejected_with_its_message() {
        let mut state = Remembered::default();
        for (folder, message) in [
            (wanted("a", "  "), "folder title cannot be empty"),
            (wanted("a b", "A"), "uid contains illegal characters"),
            (wanted(&"x".repeat(41), "A"), "uid too long, max 40 characters"),
            (wanted("general", "A"), "invalid uid for folder provided"),
        ] {
            let refused = insert(&mut state, folder, &Author::default()).unwrap_err();
            assert_eq!((refused.status, refused.text()), (StatusCode::BAD_REQUEST, message));
        }
    }

    #[test]
    fn folders_may_share_a_title_but_not_a_uid() {
        let mut state = Remembered::default();
        insert(&mut state, wanted("a", "A"), &Author::default()).unwrap();
        assert!(insert(&mut state, wanted("b", "A"), &Author::default()).is_ok());
        let refused = insert(&mut state, wanted("a", "Other"), &Author::default()).unwrap_err();
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(refused.body["status"], "version-mismatch");
    }
}
