//! `/api/org/preferences`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::api::dashboards::unknown_dashboard;
use crate::state::Preferences;

/// A change of preferences; an absent key is reset by `PUT` and kept by `PATCH`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    #[serde(rename = "homeDashboardUID")]
    home_dashboard_uid: Option<String>,
    theme: Option<String>,
    timezone: Option<String>,
}

/// Answers `GET /api/org/preferences`.
pub(crate) async fn get(State(app): State<Shared>, _: SignedIn) -> Answer {
    let known = app.store.read(|state| state.preferences.clone());
    Answer::ok(json!({
        "homeDashboardUID": known.home_dashboard_uid,
        "theme": known.theme,
        "timezone": known.timezone,
    }))
}

/// Answers `PUT /api/org/preferences`.
pub(crate) async fn put(State(app): State<Shared>, _: SignedIn, body: JsonBody) -> Reply {
    set(&app, body.typed()?, |_| Preferences::default())
}

/// Answers `PATCH /api/org/preferences`.
pub(crate) async fn patch(State(app): State<Shared>, _: SignedIn, body: JsonBody) -> Reply {
    set(&app, body.typed()?, Preferences::clone)
}

fn set(app: &Shared, wanted: Wanted, base: impl Fn(&Preferences) -> Preferences) -> Reply {
    if !matches!(wanted.theme.as_deref(), None | Some("" | "light" | "dark" | "system")) {
        return Err(Answer::message(StatusCode::BAD_REQUEST, "Invalid theme"));
    }
    app.store.write(|state| {
        let uid = wanted.home_dashboard_uid.as_deref().unwrap_or_default();
        if !uid.is_empty() && state.dashboard(uid).is_none() {
            return Err(unknown_dashboard());
        }
        let base = base(&state.preferences);
        state.preferences = Preferences {
            home_dashboard_uid: wanted.home_dashboard_uid.unwrap_or(base.home_dashboard_uid),
            theme: wanted.theme.unwrap_or(base.theme),
            timezone: wanted.timezone.unwrap_or(base.timezone),
        };
        Ok(Answer::ok(json!({"message": "Preferences updated"})))
    })
}
