//! The lock's container: makes it, looks at it, beats, removes it. Decides nothing.

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

/// The file by which a holder shows that it lives: engines that cannot change labels can take files.
const BEAT_FILE: &str = "tdd-stack.beat";
/// Nobody shall start it.
const NO_PROGRAM: &str = "/tdd-stack-lock-is-never-started";

/// What a lock is made from.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Request {
    pub(super) stack: String,
    /// The container's name.
    pub(super) container: String,
    image: String,
    /// The holder in words.
    holder: String,
    process: Option<String>,
    /// What this program alone knows of the locks that it makes.
    pub(super) token: String,
}

/// A lock as the engine shows it.
#[derive(Clone, Debug)]
pub(super) struct SeenLock {
    pub(super) id: String,
    /// The holder in its own words, such as `tdd-stack up (process 4711 on workstation)`.
    pub(super) holder: String,
    pub(super) process: Option<String>,
    pub(super) token: Option<String>,
    pub(super) phase: Phase,
}

/// What a lock's container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was never started.
    Created,
    /// It runs, as the locks of earlier releases do.
    Running,
    /// It ran.
    Ended,
    /// It is about to be gone.
    BeingRemoved,
}

impl Request {
    pub(super) fn new(stack: &Stack, image: &str, verb: &str) -> Self {
        static TOKEN: OnceLock<String> = OnceLock::new();
        // Its keys are the system's random numbers.
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
    /// Makes a lock and returns its id, or nothing where another one has its name.
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

    /// Shows that the holder lives; returns whether the lock is there.
    pub(super) async fn beat(&self, id: &str, count: u64) -> Result<bool> {
        let docker = &self.engine.docker;
        let doing = || format!("show that the lock `{id}` is held");
        let packed =
            archive::pack([(BEAT_FILE, count.to_string().as_str())]).map_err(Error::engine(doing()))?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let upload = docker
            .with_timeout(|docker| docker.upload_to_container(id, Some(options), body_full(packed.into())));
        is_there(upload.await, doing)
    }

    /// Removes a lock; returns whether it was this call that did.
    pub(super) async fn remove_lock(&self, id: &str) -> Result<bool> {
        let docker = &self.engine.docker;
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let remove = docker.with_heartbeat(WORK, |docker| docker.remove_container(id, Some(options))).await;
        if let Err(EngineError::DockerResponseServerError { status_code: 409, .. }) = remove {
            // Somebody else's removal is under way.
            return Ok(false);
        }
        is_there(remove, || format!("remove the lock `{id}`"))
    }

    /// Waits until the lock that is held is gone, or the engine does not tell any more.
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
    /// Returns the lock of that name or id, which must be one of the stack's.
    pub(super) async fn look_at_lock(&self, key: &str, stack: &str) -> Result<Option<SeenLock>> {
        self.container(key).await?.map(|found| seen(found, stack)).transpose()
    }

    /// Returns the last sign of life of a lock's holder.
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

/// Returns whether the lock was there for a call.
fn is_there(answer: std::result::Result<(), EngineError>, doing: impl Fn() -> String) -> Result<bool> {
    match answer {
        Ok(()) => Ok(true),
        Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(Error::engine(doing())(error)),
    }
}

fn doing(container: &str) -> String {
    format!("create the lock `{container}`")
}
