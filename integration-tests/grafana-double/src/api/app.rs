//! What every handler can reach.

use std::sync::Arc;

use crate::api::answers::Answers;
use crate::api::database::DatabaseProbe;
use crate::prometheus::Prometheus;
use crate::provisioning::provider::Providers;
use crate::settings::Settings;
use crate::state::Author;
use crate::state::store::Store;
use crate::time;

/// What every handler can reach.
#[derive(Debug)]
pub(crate) struct App {
    /// The settings of this run.
    pub(crate) settings: Settings,
    /// What is remembered.
    pub(crate) store: Store,
    /// Whether the database works.
    pub(crate) database: DatabaseProbe,
    /// The client for data sources.
    pub(crate) prometheus: Prometheus,
    /// The places with dashboards that are looked at again and again.
    pub(crate) providers: Providers,
    /// How many answers were given.
    pub(crate) answers: Answers,
}

/// The handlers' shared reference to it.
pub(crate) type Shared = Arc<App>;

impl App {
    /// Puts together what the handlers need.
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

    /// Returns who changes something now.
    pub(crate) fn author(&self, login: &str) -> Author {
        Author { login: login.to_string(), now_ms: time::now_ms(), flavour: self.settings.flavour }
    }
}
