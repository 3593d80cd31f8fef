//! One program at a time changes a stack, from whatever machine: a container whose name only one can have.
//!
//! It does nothing until its input ends, and its input is a connection of ours. Where this program dies, the kernel
//! closes the connection, the container ends, and the engine removes it. Nothing has to be cleaned up.

use std::time::Duration;

use bollard::container::AttachContainerResults;
use bollard::errors::Error as EngineError;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig};
use bollard::query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder};
use tokio::time::{Instant, sleep};

use super::{Operator, specification};
use crate::error::{Conflict, Error, ObjectKind, Result};
use crate::plan::Force;
use crate::stack::{LABEL_LOCK, LABEL_STACK, Lock as Wanted};

/// Between its making and its start passes a moment; a holder that takes longer has died in it.
const START: Duration = Duration::from_secs(10);
/// How often a lock that is about to be started is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// The right to change a stack, until it is released or the program ends.
#[derive(Debug)]
pub struct Lock {
    operator: Operator,
    id: String,
    /// Open as long as the right is held.
    _connection: AttachContainerResults,
}

/// What came of a try to get the lock.
#[derive(Debug)]
pub enum Claim {
    /// It is ours.
    Held(Box<Lock>),
    /// Somebody else has it.
    Taken(Holder),
}

/// Who has the lock.
#[derive(Clone, Debug)]
pub struct Holder {
    id: String,
    /// The holder in its own words, such as `tdd-stack up (process 4711 on workstation)`.
    pub name: String,
}

impl Operator {
    /// Tries to get a stack's lock, with an image that has the lock's command; `holder` is shown to others.
    pub async fn claim(&self, stack: &str, wanted: &Wanted, image: &str, holder: &str) -> Result<Claim> {
        let doing = || format!("lock stack `{stack}` with container `{}`", wanted.container);
        let body = body(stack, wanted, image, holder);
        let options = CreateContainerOptionsBuilder::new().name(&wanted.container).build();
        let deadline = Instant::now() + START;
        let id = loop {
            match self.work(|docker| docker.create_container(Some(options.clone()), body.clone())).await {
                Ok(created) => break created.id,
                Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => {}
                Err(error) => return Err(Error::engine(doing())(error)),
            }
            let Some(found) = self.engine.container(&wanted.container).await? else { continue };
            let id = found.id.clone().unwrap_or_default();
            let state = found.state.clone().unwrap_or_default();
            if state.running == Some(true) {
                return Ok(Claim::Taken(Holder { id, name: owner(stack, &wanted.container, found)? }));
            }
            owner(stack, &wanted.container, found)?;
            let is_new = state.started_at.as_deref().is_none_or(|at| at.starts_with("0001"));
            if !is_new || Instant::now() >= deadline {
                self.remove(&id, Force::Kill).await?;
            } else {
                sleep(PAUSE).await;
            }
        };
        match self.hold(&id).await {
            Ok(connection) => {
                Ok(Claim::Held(Box::new(Lock { operator: self.clone(), id, _connection: connection })))
            }
            Err(error) => {
                self.remove(&id, Force::Kill).await?;
                Err(Error::engine(doing())(error))
            }
        }
    }

    /// Waits until a lock that somebody else had is released.
    pub async fn released(&self, holder: &Holder) -> Result<()> {
        self.removed(&holder.id, Duration::MAX, "wait for the stack's lock".into()).await
    }

    async fn hold(&self, id: &str) -> std::result::Result<AttachContainerResults, EngineError> {
        let options =
            AttachContainerOptionsBuilder::new().stream(true).stdin(true).stdout(true).stderr(true).build();
        // First the connection: a container that started without one would end at once.
        let connection =
            self.engine.docker.quickly(|docker| docker.attach_container(id, Some(options))).await?;
        self.start_container(id).await?;
        Ok(connection)
    }
}

impl Lock {
    /// Releases it, and returns when others can have it.
    pub async fn release(self) -> Result<()> {
        self.operator.remove(&self.id, Force::Kill).await
    }
}

fn body(stack: &str, wanted: &Wanted, image: &str, holder: &str) -> ContainerCreateBody {
    let (program, arguments) = wanted.command.split_first().unwrap_or((&"", &[]));
    ContainerCreateBody {
        image: Some(image.to_string()),
        entrypoint: Some(vec![(*program).to_string()]),
        cmd: Some(arguments.iter().map(ToString::to_string).collect()),
        labels: Some(specification::errand_labels(stack, LABEL_LOCK, holder)),
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        host_config: Some(HostConfig {
            auto_remove: Some(true),
            readonly_rootfs: Some(true),
            ..specification::errand_host()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Returns who holds a lock, which must be one of the stack's.
fn owner(stack: &str, name: &str, found: ContainerInspectResponse) -> Result<String> {
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    let is_ours = labels.get(LABEL_STACK).is_some_and(|owner| owner == stack);
    labels.get(LABEL_LOCK).filter(|_| is_ours).cloned().ok_or_else(|| {
        Error::Conflicts(vec![Conflict::Foreign { kind: ObjectKind::Container, name: name.to_string() }])
    })
}
