//! Pulls images and reports the progress of each layer.

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

/// How long a pull may make no progress: longer than any layer takes to unpack.
const SILENCE: Duration = Duration::from_mins(3);

/// The pauses before each retry at an unavailable registry.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// An event of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullEvent {
    /// A layer made progress.
    Layer {
        /// The layer's short id.
        layer: String,
        /// The engine's word for the state, such as `Downloading`.
        word: String,
        /// Bytes done.
        current: Option<i64>,
        /// Total bytes.
        total: Option<i64>,
    },
    /// The pull failed and is retried. The text states the reason and the pause.
    Again(String),
}

impl EngineWriter {
    /// Pulls an image and calls `report` for every layer. Retries faults that may pass, three attempts in
    /// total.
    pub async fn pull(&self, reference: &str, mut report: impl FnMut(PullEvent)) -> Result<()> {
        for (next, pause) in (2..).zip(PAUSES) {
            match Box::pin(self.pull_once(reference, &mut report)).await {
                Err(Error::Pull { fault, source, .. }) if fault.may_pass() => {
                    let pause = humantime::format_duration(pause);
                    let of = PAUSES.len() + 1;
                    report(PullEvent::Again(format!("{fault}: {source}; attempt {next} of {of} in {pause}")));
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
        while let Some(item) = stream.next().await {
            match item {
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
        // The stream is not conclusive: a line end in two parts ends a good one with an error, and a cut
        // connection may end a bad one without an error. The presence of the image decides.
        if finished || (!was_there && self.engine.image_id(reference).await?.is_some()) {
            return Ok(());
        }
        let source = broken.unwrap_or_else(|| "the engine's answer ended early".into());
        // The connection to the engine failed, which means nothing about the registry.
        Err(failure(reference, PullFault::Other, source))
    }
}

/// Returns the error for a pull that the engine refused with this message.
pub(super) fn refusal(reference: &str, message: String) -> Error {
    failure(reference, phrases::pull_fault(&message), message)
}

/// Returns the error for a failed pull.
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
