//! Changes the engine: one method for each operation, one effect for each method.
//!
//! Never decides what to do, and never retries.

use std::net::SocketAddr;
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptions, RemoveVolumeOptions, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StartContainerOptions, UploadToContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use bollard::{Docker, body_full};
use futures_util::TryStreamExt;

use super::container_spec::{self, Propagation};
use super::timeout::{PROGRAM, WORK};
use super::{Engine, archive, says};
use crate::docker::phrases::Meaning;
use crate::error::{Error, Result};
use crate::model::observed::{ContainerState, VolumeKind};
use crate::model::stack::{Service, Stack};
use crate::plan::Force;
use crate::ports;

/// A connection that can change the engine's objects.
#[derive(Clone, Debug)]
pub struct EngineWriter {
    pub(super) engine: Engine,
}

/// How a container was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// As specified.
    AsAsked,
    /// Recreated without mount propagation, which the engine's host does not support.
    WithoutPropagation,
}

impl EngineWriter {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Returns the read-only connection.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Creates a network.
    pub async fn create_network(&self, stack: &str, name: &str) -> Result<()> {
        let request = NetworkCreateRequest {
            name: name.to_string(),
            driver: Some("bridge".into()),
            labels: Some(container_spec::network_labels(stack)),
            ..NetworkCreateRequest::default()
        };
        let action = format!("create network `{name}`");
        self.work(|docker| docker.create_network(request)).await.map(drop).map_err(Error::engine(action))
    }

    /// Creates a volume.
    pub async fn create_volume(&self, stack: &str, name: &str, kind: VolumeKind) -> Result<()> {
        let request = VolumeCreateRequest {
            name: Some(name.to_string()),
            labels: Some(container_spec::volume_labels(stack, name, kind)),
            ..VolumeCreateRequest::default()
        };
        let action = format!("create volume `{name}`");
        self.work(|docker| docker.create_volume(request)).await.map(drop).map_err(Error::engine(action))
    }

    /// Creates a service's container.
    pub async fn create(&self, stack: &Stack, service: &Service, host_port: u16) -> Result<()> {
        self.create_with(stack, service, host_port, Propagation::AsWished).await
    }

    async fn create_with(
        &self,
        stack: &Stack,
        service: &Service,
        host_port: u16,
        propagation: Propagation,
    ) -> Result<()> {
        let name = stack.container(service.name);
        let body = container_spec::container(&stack.name, &stack.network(), service, host_port, propagation);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let action = format!("create container `{name}`");
        self.work(|docker| docker.create_container(Some(options), body))
            .await
            .map(drop)
            .map_err(Error::engine(action))
    }

    /// Puts files into an existing folder of a container.
    pub async fn upload(&self, container: &str, folder: &str, files: &[(String, String)]) -> Result<()> {
        let action = || format!("put files into `{folder}` of `{container}`");
        let files = files.iter().map(|(name, content)| (name.as_str(), content.as_str()));
        let packed = archive::pack(files).map_err(Error::engine(action()))?;
        self.unpack(container, folder, packed).await.map_err(Error::engine(action()))
    }

    /// Makes the engine unpack an archive in a folder of a container.
    pub(super) async fn unpack(
        &self,
        container: &str,
        folder: &str,
        packed: Vec<u8>,
    ) -> std::result::Result<(), EngineError> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = body_full(packed.into());
        self.work(|docker| docker.upload_to_container(container, Some(options), body)).await
    }

    /// Starts a service's container. Recreates it without mount propagation if the engine's host lacks that.
    pub async fn start(&self, stack: &Stack, service: &Service, host_port: u16) -> Result<Started> {
        let name = stack.container(service.name);
        match self.start_container(&name).await {
            Ok(()) => Ok(Started::AsAsked),
            // Only the start shows whether the engine's host shares `/`.
            Err(error) if says(&error, Meaning::NoPropagation) => {
                self.remove(&name, Force::Kill).await?;
                self.create_with(stack, service, host_port, Propagation::Refused).await?;
                match self.start_container(&name).await {
                    Ok(()) => Ok(Started::WithoutPropagation),
                    Err(error) => Err(self.start_error(service, host_port, &name, error).await),
                }
            }
            Err(error) => Err(self.start_error(service, host_port, &name, error).await),
        }
    }

    async fn start_error(
        &self,
        service: &Service,
        host_port: u16,
        container: &str,
        error: EngineError,
    ) -> Error {
        // The message for a missing program differs between runtimes, so the container's files are checked.
        match service.entrypoint.first() {
            Some(&program) if self.engine.lacks(container, program).await => Error::NoProgram {
                service: service.name.to_string(),
                image: service.image.to_string(),
                program,
                source: error.into(),
            },
            _ => start_error(&self.engine, service, host_port, container, error),
        }
    }

    pub(super) async fn start_container(&self, name: &str) -> std::result::Result<(), EngineError> {
        self.work(|docker| docker.start_container(name, None::<StartContainerOptions>)).await
    }

    /// Sends a signal to a container's first process.
    pub async fn signal(&self, container: &str, signal: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let action = format!("send {signal} to `{container}`");
        let sent = async {
            self.allowed().await?;
            self.engine.docker.with_timeout(|docker| docker.kill_container(container, Some(options))).await
        };
        sent.await.map_err(Error::engine(action))
    }

    /// Restarts a container. The engine kills it if it has not ended after `seconds`.
    pub async fn restart(&self, container: &str, seconds: u32) -> Result<()> {
        let options = RestartContainerOptionsBuilder::new().t(seconds.cast_signed()).build();
        let action = format!("restart `{container}`");
        self.ending(seconds, |docker| docker.restart_container(container, Some(options)))
            .await
            .map_err(Error::engine(action))
    }

    /// Unpauses a container. One that runs already is left unchanged.
    pub async fn unpause(&self, container: &str) -> Result<()> {
        let action = format!("unpause `{container}`");
        match self.work(|docker| docker.unpause_container(container)).await {
            // The error for a running container differs between engines and has no code, so the state decides.
            Err(_) if self.engine.running(container).await?.state == ContainerState::Running => Ok(()),
            other => other.map_err(Error::engine(action)),
        }
    }

    /// Renames a container.
    pub async fn rename(&self, container: &str, name: &str) -> Result<()> {
        let options = RenameContainerOptionsBuilder::new().name(name).build();
        let action = format!("rename `{container}` to `{name}`");
        self.work(|docker| docker.rename_container(container, options)).await.map_err(Error::engine(action))
    }

    /// Gives a previous container its name again, and removes the container that has the name now.
    pub async fn put_back(&self, container: &str, name: &str) -> Result<()> {
        if let Some(found) = self.engine.container(name).await? {
            let id = found.id.unwrap_or_default();
            // The failure may have come before the rename.
            if id == container {
                return Ok(());
            }
            self.remove(&id, Force::Kill).await?;
        }
        self.rename(container, name).await
    }

    /// Removes a container and its anonymous volumes.
    pub async fn remove(&self, container: &str, force: Force) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new().force(force == Force::Kill).v(true).build();
        match self.work(|docker| docker.remove_container(container, Some(options))).await {
            // The call may have been repeated, or the call of a killed program may still be in progress.
            Err(EngineError::DockerResponseServerError { status_code: 409, message })
                if Meaning::BeingRemoved.is_in(&message) =>
            {
                self.removed(container, WORK, format!("remove `{container}`")).await
            }
            other => gone_is_fine(other, format!("remove `{container}`")),
        }
    }

    /// Waits until a container is gone. `action` is what the wait is for.
    pub(super) async fn removed(&self, container: &str, limit: Duration, action: String) -> Result<()> {
        let options = WaitContainerOptionsBuilder::new().condition("removed").build();
        let docker = &self.engine.docker;
        let wait = docker.with_heartbeat(limit, |docker| {
            docker.wait_container(container, Some(options)).try_collect::<Vec<_>>()
        });
        match wait.await {
            Ok(_) | Err(EngineError::DockerContainerWaitError { .. }) => Ok(()),
            Err(error) => gone_is_fine(Err(error), action),
        }
    }

    /// Removes a network.
    pub async fn remove_network(&self, name: &str) -> Result<()> {
        match self.work(|docker| docker.remove_network(name)).await {
            Err(EngineError::DockerResponseServerError { status_code, message })
                if Meaning::NetworkInUse.is_in(&message) =>
            {
                let source = EngineError::DockerResponseServerError { status_code, message }.into();
                Err(Error::InUse { network: name.to_string(), source })
            }
            removed => gone_is_fine(removed, format!("remove network `{name}`")),
        }
    }

    /// Removes a volume.
    pub async fn remove_volume(&self, name: &str) -> Result<()> {
        gone_is_fine(
            self.work(|docker| docker.remove_volume(name, None::<RemoveVolumeOptions>)).await,
            format!("remove volume `{name}`"),
        )
    }

    /// Removes an image, unless another container still uses it.
    pub async fn remove_image(&self, reference: &str) -> Result<()> {
        match self.work(|docker| docker.remove_image(reference, None::<RemoveImageOptions>, None)).await {
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            other => gone_is_fine(other.map(drop), format!("remove image `{reference}`")),
        }
    }

    /// Waits until a container ends and returns its exit code.
    pub(super) async fn wait(&self, container: &str) -> Result<i64> {
        let docker = &self.engine.docker;
        let wait = docker
            .with_heartbeat(PROGRAM, |docker| docker.wait_container(container, None).try_collect::<Vec<_>>());
        match wait.await {
            Ok(answers) => Ok(answers.first().map_or(0, |answer| answer.status_code)),
            Err(EngineError::DockerContainerWaitError { code, .. }) => Ok(code),
            Err(error) => Err(Error::engine(format!("wait for `{container}`"))(error)),
        }
    }

    /// Makes a change that lets the engine work, within [`WORK`].
    pub(super) fn work<'a, T, F>(
        &'a self,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = std::result::Result<T, EngineError>>
    where
        F: Future<Output = std::result::Result<T, EngineError>>,
    {
        self.change(WORK, call)
    }

    /// Makes a change within `limit`. Does not begin it if the lock was lost.
    pub(super) fn change<'a, T, F>(
        &'a self,
        limit: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = std::result::Result<T, EngineError>>
    where
        F: Future<Output = std::result::Result<T, EngineError>>,
    {
        let change = self.engine.docker.with_heartbeat(limit, call);
        async move {
            self.allowed().await?;
            change.await
        }
    }

    /// Makes a change that gives a container `seconds` to end.
    pub(super) fn ending<'a, T, F>(
        &'a self,
        seconds: u32,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> impl Future<Output = std::result::Result<T, EngineError>>
    where
        F: Future<Output = std::result::Result<T, EngineError>>,
    {
        self.change(WORK + Duration::from_secs(seconds.into()), call)
    }
}

/// Treats an object that is already gone as successfully removed.
pub(super) fn gone_is_fine(result: std::result::Result<(), EngineError>, action: String) -> Result<()> {
    match result {
        Err(EngineError::DockerResponseServerError { status_code: 404 | 304, .. }) => Ok(()),
        other => other.map_err(Error::engine(action)),
    }
}

/// Returns the error for a failed start. A port that was free before may be taken by now.
fn start_error(engine: &Engine, service: &Service, host_port: u16, name: &str, error: EngineError) -> Error {
    if says(&error, Meaning::PortTaken) {
        let holder =
            engine.is_here().then(|| ports::holder(SocketAddr::new(service.port.bind, host_port))).flatten();
        let service = service.name.to_string();
        return Error::PortLost { service, port: host_port, holder, source: error.into() };
    }
    if says(&error, Meaning::NoHostGateway) {
        return Error::engine(format!(
            "start `{name}`: this engine does not support `host-gateway`, use `--app-host ADDRESS`"
        ))(error);
    }
    Error::engine(format!("start `{name}`"))(error)
}
