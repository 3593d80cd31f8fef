//! Pulls images and reports how far each layer is.

use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::errors::Error as EngineError;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::Operator;
use crate::error::{Error, Result};
use crate::image_reference::ImageReference;
use crate::registry_auth::{self, Credentials};

/// Longer than any layer takes to unpack, shorter than anybody's patience.
const SILENCE: Duration = Duration::from_mins(3);

/// What the engine says of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullEvent {
    /// The layer's short id.
    pub layer: String,
    /// The engine's word, such as `Downloading`.
    pub word: String,
    /// Bytes done.
    pub current: Option<i64>,
    /// Bytes in all.
    pub total: Option<i64>,
}

impl Operator {
    /// Pulls an image; `report` hears of every layer.
    pub async fn pull(&self, reference: &str, mut report: impl FnMut(PullEvent)) -> Result<()> {
        let failed = |source: crate::error::Source| Error::Pull { image: reference.to_string(), source };
        let parsed: ImageReference = reference.parse().map_err(|error| failed(Box::new(error)))?;
        let credentials = registry_auth::credentials(parsed.registry(), self.engine.config_dir.as_deref());
        let credentials = credentials.await.map_err(|error| failed(Box::new(error)))?;
        let was_there = self.engine.image_id(reference).await?.is_some();
        let options =
            CreateImageOptionsBuilder::new().from_image(&parsed.repository()).tag(parsed.version()).build();
        let mut stream =
            self.engine.docker.create_image(Some(options), None, credentials.map(docker_credentials));
        let mut finished = false;
        let broken: Option<crate::error::Source> = loop {
            match tokio::time::timeout(SILENCE, stream.next()).await {
                Err(_) => break Some(format!("the engine said nothing for {} s", SILENCE.as_secs()).into()),
                Ok(None) => break None,
                Ok(Some(Ok(info))) => {
                    finished |= info.status.as_deref().is_some_and(|status| status.starts_with("Status: "));
                    if let Some(reason) = info.error_detail.as_ref().and_then(|detail| detail.message.clone())
                    {
                        return Err(failed(reason.into()));
                    }
                    report_layer(info, &mut report);
                }
                Ok(Some(Err(
                    error @ (EngineError::DockerStreamError { .. }
                    | EngineError::DockerResponseServerError { .. }),
                ))) => {
                    return Err(failed(error.into()));
                }
                Ok(Some(Err(error))) => break Some(error.into()),
            }
        };
        // A line end that comes in two parts ends a good stream in an error, and a cut connection may end a bad
        // one without: the image itself tells.
        if finished || (!was_there && self.engine.image_id(reference).await?.is_some()) {
            return Ok(());
        }
        Err(failed(broken.unwrap_or_else(|| "the engine's answer ended early".into())))
    }
}

fn report_layer(info: CreateImageInfo, report: &mut impl FnMut(PullEvent)) {
    let (Some(layer), Some(word)) = (info.id, info.status) else { return };
    let detail = info.progress_detail.unwrap_or_default();
    report(PullEvent { layer, word, current: detail.current, total: detail.total });
}

pub(super) fn docker_credentials(credentials: Credentials) -> DockerCredentials {
    match credentials {
        Credentials::Password { username, password } => DockerCredentials {
            username: Some(username),
            password: Some(password),
            ..DockerCredentials::default()
        },
        Credentials::IdentityToken(token) => {
            DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() }
        }
    }
}
