//! The Docker Engine: the only place, with the files below it, that names bollard.
//!
//! [`Engine`] can only read; what changes the engine is on [`EngineWriter`], which a dry run never makes.
#![expect(clippy::disallowed_types, reason = "the engine's own home")]

mod archive;
mod check;
mod clock;
mod container_spec;
mod events;
mod execute;
mod gateway;
mod info;
mod inspect;
mod locality;
mod lock;
mod pull;
mod quiesce;
mod read;
mod secret;
mod stop;
mod timeout;
mod transport;
mod volumes;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use bollard::ClientVersion;
use bollard::errors::Error as EngineError;

use crate::docker::endpoint::{Endpoint, Locality};
use crate::docker::phrases::Meaning;
use crate::error::{Error, Result, Source, TooOld};

use timeout::Connection;
use transport::Greeting;

use lock::Lease;

pub use lock::{Lock, LockWait};
pub use pull::PullEvent;
pub use quiesce::is_transient_conflict;
pub use read::{Inventory, LogLine, LogQuery, Running};
pub use volumes::VOLUME_ROOT;
pub use write::{EngineWriter, Started};

/// The oldest API that has everything needed: `host-gateway` came with Engine 20.10.
const OLDEST_API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// A connection that can only read.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Connection,
    endpoint: Endpoint,
    locality: Locality,
    greeting: Greeting,
    /// Docker's own configuration folder, where registry credentials are.
    config_dir: Option<PathBuf>,
    /// The lock under which changes are made.
    lease: Arc<Lease>,
}

impl Engine {
    /// Connects to the engine; `config_dir` is Docker's own configuration folder.
    pub async fn connect(endpoint: Endpoint, config_dir: Option<PathBuf>) -> Result<Self> {
        let unreachable = |source: Source| Error::EngineUnreachable {
            address: format!("{endpoint} ({})", endpoint.origin),
            source,
        };
        let connected = transport::connect(&endpoint.address).await;
        let (docker, greeting) = connected.map_err(|error| unreachable(error.into()))?;
        if greeting.api < OLDEST_API {
            return Err(unreachable(Box::new(TooOld { api: greeting.api.to_string() })));
        }
        let locality = locality::find(&docker, &endpoint.address).await;
        Ok(Self { docker, endpoint, locality, greeting, config_dir, lease: Arc::default() })
    }

    /// Returns the connection's address.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the newest API that the engine speaks, such as `1.41`.
    pub fn api(&self) -> String {
        self.greeting.api.to_string()
    }

    /// Returns both versions, such as `20.10.24 (API 1.41)`.
    pub fn versions(&self) -> String {
        match self.version() {
            "" => format!("API {}", self.api()),
            version => format!("{version} (API {})", self.api()),
        }
    }

    /// Returns the engine's version, such as `20.10.24`; empty where it does not say.
    pub fn version(&self) -> &str {
        &self.greeting.version
    }

    /// Returns a connection that can change things.
    pub fn operator(&self) -> EngineWriter {
        EngineWriter::new(self.clone())
    }
}

/// Returns whether the engine answered with a sentence of this meaning.
fn says(error: &EngineError, meaning: Meaning) -> bool {
    matches!(error, EngineError::DockerResponseServerError { message, .. } if meaning.is_in(message))
}

/// Returns whether the engine refused a name that another container has.
fn is_name_taken(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { status_code: 409, .. })
        || says(error, Meaning::NameTaken)
}
