//! `/api/health` and `/healthz`: answered before anybody is asked for a password.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::Shared;
use super::{DATABASE_FAILING_FILE, NAME};

/// How long Grafana trusts its last look at the database.
const TRUSTED: Duration = Duration::from_secs(5);

/// Looks at the database, and remembers what it saw for a while.
#[derive(Debug)]
pub(crate) struct DatabaseProbe {
    failing_file: PathBuf,
    last: Mutex<Option<(Instant, bool)>>,
}

impl DatabaseProbe {
    /// Returns a probe whose database fails while a file is in the data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { failing_file: data.join(DATABASE_FAILING_FILE), last: Mutex::new(None) }
    }

    fn works(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((seen, works)) if now.duration_since(seen) < TRUSTED => works,
            _ => {
                let works = !self.failing_file.exists();
                *last = Some((now, works));
                works
            }
        }
    }
}

/// The order of the fields is Grafana's.
#[derive(Serialize)]
struct Health {
    database: &'static str,
    version: &'static str,
    commit: &'static str,
    double: &'static str,
}

/// Answers `GET /api/health`.
pub(crate) async fn api_health(State(app): State<Shared>) -> Response {
    let works = app.database.works(Instant::now());
    let health = Health {
        database: if works { "ok" } else { "failing" },
        version: app.settings.flavour.version(),
        commit: "0000000000000000000000000000000000000000",
        double: NAME,
    };
    let status = if works { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = serde_json::to_string_pretty(&health).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json; charset=UTF-8")], text).into_response()
}

/// Answers `GET /healthz`, without a look at the database.
pub(crate) async fn healthz() -> &'static str {
    "Ok"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_database_shows_five_seconds_late() {
        let data = tempfile::tempdir().unwrap();
        let probe = DatabaseProbe::new(data.path());
        let start = Instant::now();
        assert!(probe.works(start));
        std::fs::write(data.path().join(DATABASE_FAILING_FILE), "").unwrap();
        assert!(probe.works(start + Duration::from_millis(4999)));
        assert!(!probe.works(start + TRUSTED));
        std::fs::remove_file(data.path().join(DATABASE_FAILING_FILE)).unwrap();
        assert!(!probe.works(start + TRUSTED + Duration::from_secs(4)));
        assert!(probe.works(start + TRUSTED + TRUSTED));
    }
}
