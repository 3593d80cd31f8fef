//! The Docker Engine API. Only this file and the files below it name bollard.
//!
//! [`Engine`] only reads. Every change is a method of [`EngineWriter`], which a dry run never creates.
#![expect(clippy::disallowed_types, reason = "bollard is used only here")]

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

/// The oldest supported API version: `host-gateway` needs Docker Engine 20.10.
const OLDEST_API: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// A read-only connection to the engine.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Connection,
    endpoint: Endpoint,
    locality: Locality,
    greeting: Greeting,
    /// Docker's configuration folder, which holds the registry credentials.
    config_dir: Option<PathBuf>,
    /// The lock that permits changes.
    lease: Arc<Lease>,
}

impl Engine {
    /// Connects to the engine. `config_dir` is Docker's configuration folder.
    pub async fn connect(endpoint: Endpoint, config_dir: Option<PathBuf>) -> Result<Self> {
        let unreachable = |source: Source| Error::EngineUnreachable {
            address: format!("{endpoint} ({})", endpoint.origin),
            source,
        };
        let connected = transport::connect(&endpoint.address).await;
        // The variant is transparent, so the kind of the error would be lost.
        let (docker, greeting) = connected.map_err(|error| match error {
            EngineError::IOError { err } => unreachable(err.into()),
            error => unreachable(error.into()),
        })?;
        if greeting.api < OLDEST_API {
            return Err(unreachable(Box::new(TooOld { api: greeting.api.to_string() })));
        }
        let locality = locality::find(&docker, &endpoint.address).await;
        Ok(Self { docker, endpoint, locality, greeting, config_dir, lease: Arc::default() })
    }

    /// Returns the engine's address and what named it.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the newest API version that the engine supports, such as `1.41`.
    pub fn api(&self) -> String {
        self.greeting.api.to_string()
    }

    /// Returns the engine's version with its API version, such as `20.10.24 (API 1.41)`.
    pub fn versions(&self) -> String {
        match self.version() {
            "" => format!("API {}", self.api()),
            version => format!("{version} (API {})", self.api()),
        }
    }

    /// Returns the engine's version, such as `20.10.24`, or an empty text if the engine does not report it.
    pub fn version(&self) -> &str {
        &self.greeting.version
    }

    /// Returns a connection that can change the engine's objects.
    pub fn operator(&self) -> EngineWriter {
        EngineWriter::new(self.clone())
    }
}

/// Returns whether the engine's answer has this meaning.
fn says(error: &EngineError, meaning: Meaning) -> bool {
    matches!(error, EngineError::DockerResponseServerError { message, .. } if meaning.is_in(message))
}

/// Returns whether the engine refused a name because another container has it.
fn is_name_taken(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { status_code: 409, .. })
        || says(error, Meaning::NameTaken)
}
