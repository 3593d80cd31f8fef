//! Changes the engine: one method an operation, one effect a method.
//!
//! Never decides what is to be done, nor retries.

use bollard::body_full;
use bollard::errors::Error as EngineError;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptions, RemoveVolumeOptions, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StartContainerOptions, StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};

use super::specification::{self, Propagation};
use super::{Engine, archive};
use crate::error::{Error, Result};
use crate::observed::VolumeKind;
use crate::plan::Force;
use crate::stack::{HostAddress, Service, Stack};

/// A connection that can change things.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(super) engine: Engine,
}

/// How a container was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// To its specification.
    AsAsked,
    /// Made anew without mount propagation, which the engine's host does not have.
    WithoutPropagation,
}

impl Operator {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Returns the same connection for reading.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Makes a network.
    pub async fn create_network(&self, stack: &str, name: &str) -> Result<()> {
        let request = NetworkCreateRequest {
            name: name.to_string(),
            driver: Some("bridge".into()),
            labels: Some(specification::network_labels(stack)),
            ..NetworkCreateRequest::default()
        };
        let doing = format!("create network `{name}`");
        self.engine.docker.create_network(request).await.map(drop).map_err(Error::engine(doing))
    }

    /// Makes a volume.
    pub async fn create_volume(&self, stack: &str, name: &str, kind: VolumeKind) -> Result<()> {
        let request = VolumeCreateRequest {
            name: Some(name.to_string()),
            labels: Some(specification::volume_labels(stack, name, kind)),
            ..VolumeCreateRequest::default()
        };
        let doing = format!("create volume `{name}`");
        self.engine.docker.create_volume(request).await.map(drop).map_err(Error::engine(doing))
    }

    /// Makes a service's container.
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
        let body = specification::container(&stack.name, &stack.network(), service, host_port, propagation);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let doing = format!("create container `{name}`");
        self.engine.docker.create_container(Some(options), body).await.map(drop).map_err(Error::engine(doing))
    }

    /// Puts files into a folder of a container, which must be there already.
    pub async fn upload(&self, container: &str, folder: &str, files: &[(String, String)]) -> Result<()> {
        let doing = || format!("put files into `{folder}` of `{container}`");
        let files = files.iter().map(|(name, content)| (name.as_str(), content.as_str()));
        let packed = archive::pack(files).map_err(Error::engine(doing()))?;
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = body_full(packed.into());
        self.engine
            .docker
            .upload_to_container(container, Some(options), body)
            .await
            .map_err(Error::engine(doing()))
    }

    /// Starts a service's container; where the engine's host has no mount propagation, does without it.
    pub async fn start(&self, stack: &Stack, service: &Service, host_port: u16) -> Result<Started> {
        let name = stack.container(service.name);
        match self.start_container(&name).await {
            Ok(()) => Ok(Started::AsAsked),
            // Only the start tells: whether `/` is shared is the engine's host's own business.
            Err(error) if is_propagation_refused(&error) => {
                self.remove(&name, Force::Kill).await?;
                self.create_with(stack, service, host_port, Propagation::Refused).await?;
                self.start_container(&name)
                    .await
                    .map_err(|error| start_error(service, host_port, &name, error))?;
                Ok(Started::WithoutPropagation)
            }
            Err(error) => Err(start_error(service, host_port, &name, error)),
        }
    }

    pub(super) async fn start_container(&self, name: &str) -> std::result::Result<(), EngineError> {
        self.engine.docker.start_container(name, None::<StartContainerOptions>).await
    }

    /// Sends a signal to a container's first process.
    pub async fn signal(&self, container: &str, signal: &str) -> Result<()> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let doing = format!("send {signal} to `{container}`");
        self.engine.docker.kill_container(container, Some(options)).await.map_err(Error::engine(doing))
    }

    /// Stops a container and starts it again.
    pub async fn restart(&self, container: &str, seconds: u32) -> Result<()> {
        let options = RestartContainerOptionsBuilder::new().t(seconds.cast_signed()).build();
        let doing = format!("restart `{container}`");
        self.engine.docker.restart_container(container, Some(options)).await.map_err(Error::engine(doing))
    }

    /// Stops a container.
    pub async fn stop(&self, container: &str, seconds: u32) -> Result<()> {
        let options = StopContainerOptionsBuilder::new().t(seconds.cast_signed()).build();
        gone_is_fine(
            self.engine.docker.stop_container(container, Some(options)).await,
            format!("stop `{container}`"),
        )
    }

    /// Gives a container another name.
    pub async fn rename(&self, container: &str, name: &str) -> Result<()> {
        let options = RenameContainerOptionsBuilder::new().name(name).build();
        let doing = format!("rename `{container}` to `{name}`");
        self.engine.docker.rename_container(container, options).await.map_err(Error::engine(doing))
    }

    /// Gives a container that was set aside its own name again; what has taken its place is removed.
    pub async fn put_back(&self, container: &str, name: &str) -> Result<()> {
        let doing = format!("inspect container `{name}`");
        match self.engine.docker.inspect_container(name, None).await {
            // Whether it was renamed before the failure is not known.
            Ok(found) if found.id.as_deref() == Some(container) => return Ok(()),
            Ok(found) => self.remove(&found.id.unwrap_or_default(), Force::Kill).await?,
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(Error::engine(doing)(error)),
        }
        self.rename(container, name).await
    }

    /// Removes a container and its anonymous volumes.
    pub async fn remove(&self, container: &str, force: Force) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new().force(force == Force::Kill).v(true).build();
        gone_is_fine(
            self.engine.docker.remove_container(container, Some(options)).await,
            format!("remove `{container}`"),
        )
    }

    /// Removes a network.
    pub async fn remove_network(&self, name: &str) -> Result<()> {
        match self.engine.docker.remove_network(name).await {
            Err(EngineError::DockerResponseServerError { status_code, message })
                if message.contains("has active endpoints") =>
            {
                let source = EngineError::DockerResponseServerError { status_code, message }.into();
                Err(Error::InUse { network: name.to_string(), source })
            }
            removed => gone_is_fine(removed, format!("remove network `{name}`")),
        }
    }

    /// Removes a volume.
    pub async fn remove_volume(&self, name: &str) -> Result<()> {
        let removed = self.engine.docker.remove_volume(name, None::<RemoveVolumeOptions>).await;
        gone_is_fine(removed, format!("remove volume `{name}`"))
    }

    /// Removes an image, unless another container still uses it.
    pub async fn remove_image(&self, reference: &str) -> Result<()> {
        let removed = self.engine.docker.remove_image(reference, None::<RemoveImageOptions>, None).await;
        match removed {
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            other => gone_is_fine(other.map(drop), format!("remove image `{reference}`")),
        }
    }

    /// Runs a command inside a running container and returns its exit code and output.
    pub async fn execute(&self, container: &str, command: &[String]) -> Result<(i64, String)> {
        let doing = || format!("run `{}` inside `{container}`", command.first().map_or("", String::as_str));
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let exec = docker.create_exec(container, options).await.map_err(Error::engine(doing()))?;
        let started = docker.start_exec(&exec.id, None).await.map_err(Error::engine(doing()))?;
        let mut text = String::new();
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(chunk) = output.next().await {
                text.push_str(&chunk.map_err(Error::engine(doing()))?.to_string());
            }
        }
        let ended = docker.inspect_exec(&exec.id).await.map_err(Error::engine(doing()))?;
        Ok((ended.exit_code.unwrap_or_default(), text))
    }

    /// Waits for a container's end and returns its exit code.
    pub(super) async fn wait(&self, container: &str) -> Result<i64> {
        let ended: std::result::Result<Vec<_>, _> =
            self.engine.docker.wait_container(container, None).try_collect().await;
        match ended {
            Ok(answers) => Ok(answers.first().map_or(0, |answer| answer.status_code)),
            Err(EngineError::DockerContainerWaitError { code, .. }) => Ok(code),
            Err(error) => Err(Error::engine(format!("wait for `{container}`"))(error)),
        }
    }
}

/// An object that is gone is in the state that its removal asks for.
fn gone_is_fine(result: std::result::Result<(), EngineError>, doing: String) -> Result<()> {
    match result {
        Err(EngineError::DockerResponseServerError { status_code: 404 | 304, .. }) => Ok(()),
        other => other.map_err(Error::engine(doing)),
    }
}

fn is_propagation_refused(error: &EngineError) -> bool {
    matches!(error, EngineError::DockerResponseServerError { message, .. }
        if message.contains("not a shared or slave mount"))
}

/// A port that was free when it was looked at may be taken by now.
fn start_error(service: &Service, host_port: u16, name: &str, error: EngineError) -> Error {
    let port_words = ["port is already allocated", "address already in use"];
    match &error {
        EngineError::DockerResponseServerError { message, .. }
            if port_words.iter().any(|words| message.contains(words)) =>
        {
            Error::PortLost { service: service.name.to_string(), port: host_port, source: error.into() }
        }
        EngineError::DockerResponseServerError { message, .. }
            if message.contains("host-gateway")
                && service.extra_hosts.values().any(|address| matches!(address, HostAddress::Gateway)) =>
        {
            Error::engine(format!(
                "start `{name}`: this engine knows no `host-gateway`, give `--app-host ADDRESS`"
            ))(error)
        }
        _ => Error::engine(format!("start `{name}`"))(error),
    }
}
