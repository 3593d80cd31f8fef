//! Basic authentication, with a lock after wrong tries.
//!
//! A locked name and a wrong password have the same answer.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::api::answer::Answer;
use crate::api::app::{App, Shared};
use crate::state::lockout;
use crate::time;

/// An authenticated user.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The user's number.
    pub(crate) id: u64,
    /// The user's name.
    pub(crate) login: String,
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Answer> {
        sign_in(app, &parts.headers)
    }
}

fn sign_in(app: &App, headers: &HeaderMap) -> Result<SignedIn, Answer> {
    let unauthorized = || Answer::coded(StatusCode::UNAUTHORIZED, "Unauthorized", "auth.unauthorized");
    let header = headers.get(AUTHORIZATION).ok_or_else(unauthorized)?;
    let header = header.to_str().map_err(|_| invalid_header())?;
    // The double has no tokens, so other schemes count as missing.
    let Some(encoded) = strip_scheme(header) else { return Err(unauthorized()) };
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| invalid_header())?;
    let decoded = String::from_utf8(decoded).map_err(|_| invalid_header())?;
    let (login, password) = decoded.split_once(':').ok_or_else(invalid_header)?;
    let login = login.to_lowercase();
    let window_ms = time::whole_ms(app.settings.lockout_window);
    let now_ms = time::now_ms();
    let found = app.store.read(|state| {
        if lockout::is_locked(&state.wrong_tries, &login, now_ms, window_ms) {
            return Tried::Locked;
        }
        let fits = |user: &&crate::state::User| user.login == login && user.password.is(password);
        state.users.iter().find(fits).map_or(Tried::Wrong, |user| Tried::Right(user.id))
    });
    match found {
        Tried::Right(id) => Ok(SignedIn { id, login }),
        Tried::Locked => Err(wrong_password()),
        Tried::Wrong => app.store.write(|state| {
            lockout::record(&mut state.wrong_tries, &login, now_ms, window_ms);
            Ok::<_, Answer>(Err(wrong_password()))
        })?,
    }
}

enum Tried {
    Right(u64),
    Wrong,
    Locked,
}

fn strip_scheme(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(rest)
}

fn wrong_password() -> Answer {
    Answer::coded(StatusCode::UNAUTHORIZED, "Invalid username or password", "password-auth.failed")
}

fn invalid_header() -> Answer {
    Answer::error(StatusCode::UNAUTHORIZED, "Invalid Basic Auth Header")
}
