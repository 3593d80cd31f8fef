//! Facts about the engine and registries for `doctor`. Changes nothing.

use bollard::Docker;
use bollard::errors::Error as EngineError;

use super::Engine;
use super::pull::{docker_credentials, failure, refusal};
use super::timeout::WORK;
use crate::docker::credentials;
use crate::docker::image_reference::ImageReference;
use crate::docker::phrases::{self, warning};
use crate::doctor::EngineFacts;
use crate::error::{Error, PullFault, Result};

/// How many characters of a network's id are in the default name of its bridge.
const ID_IN_BRIDGE: usize = 12;

impl Engine {
    /// Returns what the engine reports about itself.
    pub async fn description(&self) -> Result<EngineFacts> {
        let info = self.docker.with_timeout(Docker::info).await;
        let info = info.map_err(Error::engine("get the engine's system information"))?;
        let security = info.security_options.unwrap_or_default();
        Ok(EngineFacts {
            address: format!("{} ({})", self.endpoint, self.endpoint.origin),
            is_local: self.is_here(),
            version: info.server_version.unwrap_or_else(|| self.version().to_string()),
            api: self.api(),
            is_desktop: info.operating_system.as_deref().is_some_and(phrases::is_desktop),
            is_rootless: security.iter().any(|option| option.contains("name=rootless")),
            data_root: info.docker_root_dir.unwrap_or_default(),
            space: None,
            warnings: info.warnings.iter().flatten().map(|text| warning(text).to_string()).collect(),
        })
    }

    /// Returns the host's interface of a network, such as `br-0123456789ab`, or `None` without such a network.
    pub async fn bridge(&self, network: &str) -> Result<Option<String>> {
        let seen = match self.docker.with_timeout(|docker| docker.inspect_network(network, None)).await {
            Ok(seen) => seen,
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(Error::engine(format!("inspect network `{network}`"))(error)),
        };
        let named = seen.options.and_then(|mut options| options.remove("com.docker.network.bridge.name"));
        let usual = seen.id.and_then(|id| Some(format!("br-{}", id.get(..ID_IN_BRIDGE)?)));
        Ok(named.or(usual))
    }

    /// Checks, through the engine, that an image's registry offers the image.
    pub async fn is_pullable(&self, reference: &str) -> Result<()> {
        let parsed: ImageReference =
            reference.parse().map_err(|error| failure(reference, PullFault::Other, error))?;
        let credentials = credentials::credentials(parsed.registry(), self.config_dir.as_deref())
            .await
            .map_err(|error| failure(reference, PullFault::Credentials, error))?;
        let credentials = credentials.map(docker_credentials);
        let inspected =
            self.docker.with_heartbeat(WORK, |docker| docker.inspect_registry_image(reference, credentials));
        inspected.await.map(drop).map_err(|error| match error {
            EngineError::DockerResponseServerError { message, .. } => refusal(reference, message),
            error => failure(reference, PullFault::Other, error),
        })
    }
}
