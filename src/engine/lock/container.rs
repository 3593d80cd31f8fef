//! The container of a lock: creates, inspects, refreshes and removes it. Decides nothing.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use bollard::body_full;
use bollard::errors::Error as EngineError;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::TryStreamExt;

use super::holder;
use crate::engine::timeout::{PROGRAM, WORK};
use crate::engine::{Engine, EngineWriter, archive, container_spec, is_name_taken};
use crate::error::{Conflict, Error, ObjectKind, Result};
use crate::model::stack::{LABEL_LOCK, LABEL_LOCK_PROCESS, LABEL_LOCK_TOKEN, LABEL_STACK, Stack};

/// The file with a holder's heartbeat. An engine cannot change a container's labels, but accepts files.
const BEAT_FILE: &str = "tdd-stack.beat";
/// The entrypoint, a program that does not exist: nothing must start the container.
const NO_PROGRAM: &str = "/tdd-stack-lock-is-never-started";

/// What a lock is created from.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Request {
    pub(super) stack: String,
    /// The container's name.
    pub(super) container: String,
    image: String,
    /// The description of the holder.
    holder: String,
    process: Option<String>,
    /// A random value by which this program recognises its own locks.
    pub(super) token: String,
}

/// A lock as the engine reports it.
#[derive(Clone, Debug)]
pub(super) struct SeenLock {
    pub(super) id: String,
    /// The description of the holder, such as `tdd-stack up (process 4711 on workstation)`.
    pub(super) holder: String,
    pub(super) process: Option<String>,
    pub(super) token: Option<String>,
    pub(super) phase: Phase,
}

/// The state of a lock's container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was never started.
    Created,
    /// It is running, as the locks of earlier releases are.
    Running,
    /// It ran and ended.
    Ended,
    /// It is being removed.
    BeingRemoved,
}

impl Request {
    pub(super) fn new(stack: &Stack, image: &str, verb: &str) -> Self {
        static TOKEN: OnceLock<String> = OnceLock::new();
        // The keys of `RandomState` are random numbers of the system.
        let token = || format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Self {
            stack: stack.name.clone(),
            container: stack.lock_container(),
            image: image.to_string(),
            holder: holder::name(verb),
            process: holder::this_process(),
            token: TOKEN.get_or_init(token).clone(),
        }
    }

    fn body(&self) -> ContainerCreateBody {
        let mut labels = container_spec::errand_labels(&self.stack, LABEL_LOCK, &self.holder);
        labels.insert(LABEL_LOCK_TOKEN.into(), self.token.clone());
        labels.extend(self.process.clone().map(|process| (LABEL_LOCK_PROCESS.into(), process)));
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint: Some(vec![NO_PROGRAM.into()]),
            labels: Some(labels),
            host_config: Some(container_spec::errand_host()),
            ..ContainerCreateBody::default()
        }
    }
}

impl EngineWriter {
    /// Creates a lock and returns its id, or `None` if another container has its name.
    pub(super) async fn make_lock(&self, request: &Request) -> Result<Option<String>> {
        let docker = &self.engine.docker;
        let options = CreateContainerOptionsBuilder::new().name(&request.container).build();
        match docker
            .with_heartbeat(WORK, |docker| docker.create_container(Some(options), request.body()))
            .await
        {
            Ok(created) => Ok(Some(created.id)),
            Err(error) if is_name_taken(&error) => Ok(None),
            Err(error) => Err(Error::engine(doing(&request.container))(error)),
        }
    }

    /// Sends a heartbeat. Returns whether the lock exists.
    pub(super) async fn beat(&self, id: &str, count: u64) -> Result<bool> {
        let docker = &self.engine.docker;
        let action = || format!("send a heartbeat for the lock `{id}`");
        let packed =
            archive::pack([(BEAT_FILE, count.to_string().as_str())]).map_err(Error::engine(action()))?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let upload = docker
            .with_timeout(|docker| docker.upload_to_container(id, Some(options), body_full(packed.into())));
        is_there(upload.await, action)
    }

    /// Removes a lock. Returns whether this call removed it.
    pub(super) async fn remove_lock(&self, id: &str) -> Result<bool> {
        let docker = &self.engine.docker;
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let remove = docker.with_heartbeat(WORK, |docker| docker.remove_container(id, Some(options))).await;
        if let Err(EngineError::DockerResponseServerError { status_code: 409, .. }) = remove {
            // Another removal is in progress.
            return Ok(false);
        }
        is_there(remove, || format!("remove the lock `{id}`"))
    }

    /// Waits until the held lock is gone, or until the engine ends the wait.
    pub(super) async fn lock_gone(&self) {
        let Some(id) = self.engine.lease.id() else { return };
        let options = WaitContainerOptionsBuilder::new().condition("removed").build();
        let docker = &self.engine.docker;
        let wait = docker
            .within(PROGRAM, |docker| docker.wait_container(&id, Some(options)).try_collect::<Vec<_>>());
        drop(wait.await);
    }
}

impl Engine {
    /// Returns the lock with this name or id. Fails if it does not belong to the stack.
    pub(super) async fn look_at_lock(&self, key: &str, stack: &str) -> Result<Option<SeenLock>> {
        self.container(key).await?.map(|found| seen(found, stack)).transpose()
    }

    /// Returns the last heartbeat of a lock's holder.
    pub(super) async fn beat_of(&self, id: &str) -> Result<Option<String>> {
        self.file(id, &format!("/{BEAT_FILE}")).await
    }
}

fn seen(found: ContainerInspectResponse, stack: &str) -> Result<SeenLock> {
    let name = found.name.unwrap_or_default().trim_start_matches('/').to_string();
    let mut labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    let is_ours = labels.get(LABEL_STACK).is_some_and(|owner| owner == stack);
    let Some(holder) = labels.remove(LABEL_LOCK).filter(|_| is_ours) else {
        return Err(Error::Conflicts(vec![Conflict::Foreign { kind: ObjectKind::Container, name }]));
    };
    let state = found.state.unwrap_or_default();
    let is_new = state.started_at.as_deref().is_none_or(|at| at.is_empty() || at.starts_with("0001"));
    Ok(SeenLock {
        id: found.id.unwrap_or_default(),
        holder,
        process: labels.remove(LABEL_LOCK_PROCESS),
        token: labels.remove(LABEL_LOCK_TOKEN),
        phase: match state.status {
            Some(ContainerStateStatusEnum::REMOVING | ContainerStateStatusEnum::DEAD) => Phase::BeingRemoved,
            _ if state.running == Some(true) => Phase::Running,
            _ if is_new => Phase::Created,
            _ => Phase::Ended,
        },
    })
}

/// Returns whether the lock existed at the time of a call.
fn is_there(answer: std::result::Result<(), EngineError>, action: impl Fn() -> String) -> Result<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(Error::engine(action())(error)),
    }
}

fn doing(container: &str) -> String {
    format!("create the lock `{container}`")
}
