//! Health of the database, cached like Grafana's.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The file in the data folder that makes `/api/health` report a failing database.
pub const DATABASE_FAILING_FILE: &str = "database-failing";

/// The time for which Grafana caches the health of the database.
const TRUSTED: Duration = Duration::from_secs(5);

/// Checks the database, and caches the result.
#[derive(Debug)]
pub(crate) struct DatabaseProbe {
    failing_file: PathBuf,
    last: Mutex<Option<(Instant, bool)>>,
}

impl DatabaseProbe {
    /// Returns a probe that fails while a file exists in the data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { failing_file: data.join(DATABASE_FAILING_FILE), last: Mutex::new(None) }
    }

    /// Returns whether the database works according to the cache.
    pub(crate) fn works(&self, now: Instant) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_health_is_cached_for_five_seconds() {
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
