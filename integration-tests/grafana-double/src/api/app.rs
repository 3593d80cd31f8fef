//! State that every handler can access.

use std::sync::Arc;

use crate::api::answers::Answers;
use crate::api::database::DatabaseProbe;
use crate::prometheus::Prometheus;
use crate::provisioning::provider::Providers;
use crate::settings::Settings;
use crate::state::Author;
use crate::state::store::Store;
use crate::time;

/// State that every handler can access.
#[derive(Debug)]
pub(crate) struct App {
    /// The settings of this run.
    pub(crate) settings: Settings,
    /// The stored state.
    pub(crate) store: Store,
    /// Whether the database works.
    pub(crate) database: DatabaseProbe,
    /// The client for data sources.
    pub(crate) prometheus: Prometheus,
    /// The providers of dashboards that are scanned periodically.
    pub(crate) providers: Providers,
    /// The number of answers.
    pub(crate) answers: Answers,
}

/// A shared reference to the state.
pub(crate) type Shared = Arc<App>;

impl App {
    /// Creates the state.
    pub(crate) fn new(settings: Settings, store: Store) -> Result<Self, String> {
        let database = DatabaseProbe::new(&settings.data);
        Ok(Self {
            settings,
            store,
            database,
            prometheus: Prometheus::new()?,
            providers: Providers::default(),
            answers: Answers::default(),
        })
    }

    /// Returns the author of a change at the current time.
    pub(crate) fn author(&self, login: &str) -> Author {
        Author { login: login.to_string(), now_ms: time::now_ms(), flavour: self.settings.flavour }
    }
}
