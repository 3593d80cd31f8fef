//! The Docker Engine: the only place, with the files below it, that names bollard.
//!
//! [`Engine`] can only read; what changes the engine is on [`Operator`], which a dry run never makes.
#![expect(clippy::disallowed_types, reason = "the engine's own home")]

mod archive;
mod check;
mod describe;
mod dump;
mod gateway;
mod lock;
mod operate;
mod past;
mod pull;
mod read;
mod secret;
mod silence;
mod specification;
mod unfinished;
mod volumes;

use std::path::PathBuf;
use std::sync::Arc;

use bollard::errors::Error as EngineError;
use bollard::{API_DEFAULT_VERSION, Docker};

use crate::endpoint::{Address, Endpoint};
use crate::engine_phrases::Meaning;
use crate::error::{Error, Result};
use crate::registry_auth::url_safe;

use lock::Lease;

pub use lock::{Lock, Queue};
pub use operate::{Operator, Started};
pub use pull::PullEvent;
pub use read::{End, Inventory, LogLine, LogQuery, Running};
pub use unfinished::is_overtaken;
pub use volumes::VOLUME_ROOT;

/// The oldest API that has everything needed: `host-gateway` came with Engine 20.10.
const OLDEST_API: (u32, u32) = (1, 41);

/// Longer than any limit of a single call: each has its own, in `silence`.
const ANSWER_SECONDS: u64 = 3600;

/// A connection that can only read.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    endpoint: Endpoint,
    version: String,
    api: String,
    /// Docker's own configuration folder, where registry credentials are.
    config_dir: Option<PathBuf>,
    /// The lock under which changes are made.
    lease: Arc<Lease>,
}

impl Engine {
    /// Connects to the engine and asks for its version; `config_dir` is Docker's own configuration folder.
    pub async fn connect(endpoint: Endpoint, config_dir: Option<PathBuf>) -> Result<Self> {
        let unreachable = |source: bollard::errors::Error| Error::EngineUnreachable {
            address: format!("{endpoint} ({})", endpoint.origin),
            source: source.into(),
        };
        let docker = match &endpoint.address {
            Address::Unix(path) => {
                Docker::connect_with_unix(&path.to_string_lossy(), ANSWER_SECONDS, API_DEFAULT_VERSION)
            }
            Address::Tcp { .. } => {
                Docker::connect_with_http(&endpoint.to_string(), ANSWER_SECONDS, API_DEFAULT_VERSION)
            }
        };
        // bollard writes credentials in an alphabet that the engine does not read.
        let docker = docker.map_err(unreachable)?.with_request_modifier(|mut request| {
            if let Some(value) = request.headers_mut().get_mut("x-registry-auth")
                && let Some(safe) = value.to_str().ok().and_then(|text| url_safe(text).parse().ok())
            {
                *value = safe;
            }
            request
        });
        let version = silence::quickly(docker.version()).await.map_err(unreachable)?;
        let api = version.api_version.unwrap_or_default();
        if parse_version(&api).is_some_and(|api| api < OLDEST_API) {
            return Err(Error::EngineUnreachable {
                address: endpoint.to_string(),
                source: format!(
                    "it speaks API {api}, and 1.41 (Docker Engine 20.10) is the oldest that will do"
                )
                .into(),
            });
        }
        Ok(Self {
            docker,
            endpoint,
            version: version.version.unwrap_or_default(),
            api,
            config_dir,
            lease: Arc::default(),
        })
    }

    /// Returns the connection's address.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the newest API that the engine speaks, such as `1.41`.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Returns both versions, such as `20.10.24 (API 1.41)`.
    pub fn versions(&self) -> String {
        format!("{} (API {})", self.version, self.api)
    }

    /// Returns the engine's version, such as `20.10.24`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the host under which published ports are reached.
    pub fn host(&self) -> String {
        match &self.endpoint.address {
            Address::Unix(_) => "127.0.0.1".into(),
            Address::Tcp { host, .. } => host.clone(),
        }
    }

    /// Returns a connection that can change things.
    pub fn operator(&self) -> Operator {
        Operator::new(self.clone())
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

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
