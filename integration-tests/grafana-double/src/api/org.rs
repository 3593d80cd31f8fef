//! The organisation and its users' passwords.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::state::password::{Hashed, SHORTEST};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChangePassword {
    old_password: String,
    new_password: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SetPassword {
    password: String,
}

/// Answers `GET /api/org`.
pub(crate) async fn org(_: SignedIn) -> Answer {
    let address =
        json!({"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""});
    Answer::ok(json!({"id": 1, "name": "Main Org.", "address": address}))
}

/// Answers `PUT /api/user/password`.
pub(crate) async fn change_password(State(app): State<Shared>, user: SignedIn, body: JsonBody) -> Reply {
    let change: ChangePassword = body.typed()?;
    app.store.write(|state| {
        let user = state.users.iter_mut().find(|known| known.id == user.id).ok_or_else(Answer::not_found)?;
        if !user.password.is(&change.old_password) {
            return Err(Answer::message(StatusCode::UNAUTHORIZED, "Invalid old password"));
        }
        if change.new_password.chars().count() < SHORTEST {
            return Err(Answer::message(StatusCode::BAD_REQUEST, "New password is too short"));
        }
        user.password = Hashed::new(&change.new_password);
        Ok(Answer::ok(json!({"message": "User password changed"})))
    })
}

/// Answers `PUT /api/admin/users/{id}/password`.
pub(crate) async fn set_password(
    State(app): State<Shared>,
    _: SignedIn,
    Path(id): Path<u64>,
    body: JsonBody,
) -> Reply {
    let set: SetPassword = body.typed()?;
    if set.password.chars().count() < SHORTEST {
        return Err(Answer::message(StatusCode::BAD_REQUEST, "New password too short"));
    }
    app.store.write(|state| {
        let unknown = || Answer::message(StatusCode::NOT_FOUND, "user not found");
        let user = state.users.iter_mut().find(|known| known.id == id).ok_or_else(unknown)?;
        user.password = Hashed::new(&set.password);
        Ok(Answer::ok(json!({"message": "User password updated"})))
    })
}
