//! Pulls images and reports how far each layer is.

use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::errors::Error as EngineError;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::EngineWriter;
use crate::docker::credentials::{self, Credentials};
use crate::docker::image_reference::ImageReference;
use crate::docker::phrases;
use crate::error::{Error, PullFault, Result, Source};

/// Longer than any layer takes to unpack, shorter than anybody's patience.
const SILENCE: Duration = Duration::from_mins(3);

/// How long it is waited for before each further try at a registry that is out of order.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// What is heard of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullEvent {
    /// A layer moved on.
    Layer {
        /// The layer's short id.
        layer: String,
        /// The engine's word, such as `Downloading`.
        word: String,
        /// Bytes done.
        current: Option<i64>,
        /// Bytes in all.
        total: Option<i64>,
    },
    /// It failed, and will be tried again; this says why and when.
    Again(String),
}

impl EngineWriter {
    /// Pulls an image; `report` hears of every layer. What may pass by itself is tried again, three times in all.
    pub async fn pull(&self, reference: &str, mut report: impl FnMut(PullEvent)) -> Result<()> {
        for (next, pause) in (2..).zip(PAUSES) {
            match Box::pin(self.pull_once(reference, &mut report)).await {
                Err(Error::Pull { fault, source, .. }) if fault.may_pass() => {
                    let pause = humantime::format_duration(pause);
                    let of = PAUSES.len() + 1;
                    report(PullEvent::Again(format!("{fault}: {source}; try {next} of {of} in {pause}")));
                }
                ended => return ended,
            }
            tokio::time::sleep(pause).await;
        }
        Box::pin(self.pull_once(reference, &mut report)).await
    }

    async fn pull_once(&self, reference: &str, report: &mut impl FnMut(PullEvent)) -> Result<()> {
        let refused = |message| refusal(reference, message);
        let parsed: ImageReference =
            reference.parse().map_err(|error| failure(reference, PullFault::Other, error))?;
        let credentials = credentials::credentials(parsed.registry(), self.engine.config_dir.as_deref());
        let credentials =
            credentials.await.map_err(|error| failure(reference, PullFault::Credentials, error))?;
        let was_there = self.engine.image_id(reference).await?.is_some();
        let options =
            CreateImageOptionsBuilder::new().from_image(&parsed.repository()).tag(parsed.version()).build();
        let docker = &self.engine.docker;
        let credentials = credentials.map(docker_credentials);
        let mut stream = docker.stream_with_heartbeat(Some(SILENCE), |docker| {
            docker.create_image(Some(options), None, credentials)
        });
        let mut finished = false;
        let mut broken: Option<Source> = None;
        while let Some(said) = stream.next().await {
            match said {
                Ok(info) => {
                    finished |= info.status.as_deref().is_some_and(phrases::ends_a_pull);
                    if let Some(reason) = info.error_detail.as_ref().and_then(|detail| detail.message.clone())
                    {
                        return Err(refused(reason));
                    }
                    report_layer(info, report);
                }
                Err(EngineError::DockerStreamError { error }) => return Err(refused(error)),
                Err(EngineError::DockerResponseServerError { message, .. }) => {
                    return Err(refused(message));
                }
                Err(error) => {
                    broken = Some(error.into());
                    break;
                }
            }
        }
        // A line end that comes in two parts ends a good stream in an error, and a cut connection may end a bad
        // one without: the image itself tells.
        if finished || (!was_there && self.engine.image_id(reference).await?.is_some()) {
            return Ok(());
        }
        let source = broken.unwrap_or_else(|| "the engine's answer ended early".into());
        // This is the way to the engine, and tells nothing of the registry.
        Err(failure(reference, PullFault::Other, source))
    }
}

/// Returns the failure of a pull for which the engine gave its reason in words.
pub(super) fn refusal(reference: &str, message: String) -> Error {
    failure(reference, phrases::pull_fault(&message), message)
}

/// Returns the failure of a pull.
pub(super) fn failure(reference: &str, fault: PullFault, source: impl Into<Source>) -> Error {
    Error::Pull { images: vec![reference.to_string()], fault, source: source.into() }
}

fn report_layer(info: CreateImageInfo, report: &mut impl FnMut(PullEvent)) {
    let (Some(layer), Some(word)) = (info.id, info.status) else { return };
    let detail = info.progress_detail.unwrap_or_default();
    report(PullEvent::Layer { layer, word, current: detail.current, total: detail.total });
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
