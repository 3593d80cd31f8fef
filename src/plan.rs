//! The plan: ordered operations, each with its cause and the operations it depends on.
//!
//! Plain data. The printed plan is the dry run, the expectation of tests and the log. The decisions are made
//! in `plan/up.rs` and `plan/down.rs`.

mod changes;
mod display;
mod down;
mod files;
mod grafana;
mod planner;
mod replace;
mod request;
mod rollback;
mod service;
mod subjects;
mod up;
mod verb;

pub use changes::{TextChange, text_changes};
pub use down::{Kept, down};
pub use grafana::login_refused;
pub use request::{DashboardEdits, PullPolicy, Request, VerifyTime};
pub use rollback::Rollback;
pub use up::{pull, up};
pub use verb::Verb;

use crate::error::Conflict;
use crate::model::observed::VolumeKind;
use crate::model::stack::{CheckCommand, DataSource, PasswordFile, Service};

/// Operations in an order that satisfies all dependencies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The operations.
    pub steps: Vec<Step>,
    /// The rollbacks of changes to running containers, for the case that an operation fails.
    pub undo: Vec<Rollback>,
    /// The conflicts that block a part of the desired state; the plan does not resolve them.
    pub conflicts: Vec<Conflict>,
}

/// An operation of a plan, with its cause and its dependencies.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The operation.
    pub operation: Operation,
    /// Its cause.
    pub cause: Cause,
    /// The indexes of the operations that must succeed before.
    pub needs: Vec<usize>,
}

/// A single effect, with exactly the data that it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Writes a configuration file to the user's disk.
    WriteFile {
        /// The name of the file.
        file: String,
        /// The content of the file.
        content: String,
    },
    /// Pulls an image.
    Pull {
        /// The reference of the image.
        image: String,
        /// The service that runs it.
        service: String,
    },
    /// Checks edited files in a short-lived container of the service's image.
    Check {
        /// The service.
        service: String,
        /// The reference of the image.
        image: String,
        /// The check command.
        check: CheckCommand,
        /// The folder of the files inside the container.
        folder: &'static str,
        /// The contents, by name.
        files: Vec<(String, String)>,
    },
    /// Creates a network.
    CreateNetwork(
        /// The name of the network.
        String,
    ),
    /// Creates a volume.
    CreateVolume {
        /// The name of the volume.
        name: String,
        /// The purpose of the volume.
        kind: VolumeKind,
    },
    /// Stops a container.
    Stop {
        /// The service of the container.
        service: String,
        /// The id of the container.
        container: String,
        /// Seconds until the engine kills the container.
        seconds: u32,
    },
    /// Removes a stopped container, or kills and removes it.
    Remove {
        /// The name of the container.
        name: String,
        /// The id of the container.
        container: String,
        /// Whether it may be killed.
        force: Force,
    },
    /// Renames a stopped container, so that its successor can have its name.
    SetAside {
        /// The service of the container.
        service: String,
        /// The id of the container.
        container: String,
        /// The new name.
        name: String,
    },
    /// Gives a previous container its original name again and removes its successor.
    PutBack {
        /// The service of the container.
        service: String,
        /// The id of the container.
        container: String,
        /// The original name.
        name: String,
    },
    /// Creates a container.
    Create {
        /// The specification of the service.
        service: Box<Service>,
        /// The port to publish.
        host_port: u16,
    },
    /// Uploads files into the configuration volume of a container.
    Upload {
        /// The service.
        service: String,
        /// The folder inside the container.
        folder: &'static str,
        /// The contents, by name.
        files: Vec<(String, String)>,
    },
    /// Writes the Grafana password into its file in a volume of the container.
    WritePasswordFile {
        /// The service.
        service: String,
        /// The password file.
        file: PasswordFile,
    },
    /// Starts a container.
    Start {
        /// The specification of the service, needed if the engine refuses a part of it.
        service: Box<Service>,
        /// The port to publish.
        host_port: u16,
    },
    /// Makes a running service reload its files, and verifies the reload.
    Reload {
        /// The service.
        service: String,
        /// The prefix of the service's metrics about its last reload.
        metrics_prefix: &'static str,
        /// The folder inside the container where the checksum is written.
        folder: &'static str,
        /// The checksum of the files, written once they are loaded.
        checksum: String,
    },
    /// Unpauses a container.
    Unpause {
        /// The service.
        service: String,
    },
    /// Restarts a container.
    Restart {
        /// The service.
        service: String,
        /// Seconds until the engine kills the container.
        seconds: u32,
    },
    /// Waits until a service is ready; fails if its container exits.
    WaitReady(
        /// The specification of the service.
        Box<Service>,
    ),
    /// Checks that each service resolves and answers by name inside the network.
    CheckConnectivity {
        /// The service from which the requests are sent.
        from: String,
        /// The URLs of the requests.
        urls: Vec<String>,
    },
    /// Makes sure that Grafana accepts the login.
    SetLogin(
        /// The known state of the login.
        LoginCase,
    ),
    /// Creates or updates a data source in Grafana.
    SetDataSource(
        /// The data source.
        DataSource,
    ),
    /// Imports a dashboard into Grafana.
    ImportDashboard {
        /// Its uid.
        uid: String,
        /// The dashboard.
        body: serde_json::Value,
        /// Whether edits made inside Grafana are kept.
        edits: DashboardEdits,
    },
    /// Waits until the stack is healthy or the time is up; the verdict follows afterwards.
    WaitHealthy,
    /// Waits until a data source answers through Grafana.
    WaitDataSource {
        /// Its uid.
        uid: String,
    },
    /// Removes a network.
    RemoveNetwork(
        /// The name of the network.
        String,
    ),
    /// Removes a volume.
    RemoveVolume(
        /// The name of the volume.
        String,
    ),
    /// Removes an image.
    RemoveImage(
        /// The reference of the image.
        String,
    ),
}

/// The known state of a login that Grafana may reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginCase {
    /// It was not tried: it is tried once, and set if Grafana rejects it.
    Unproven,
    /// It is the default login and was not tried: it is tried once, and never replaces a password that the
    /// user chose.
    Default,
    /// Grafana rejected it: it is set.
    Refused,
}

/// Whether a running container may be killed to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// It may not; it is already stopped.
    Stopped,
    /// It may, because a clean stop would save nothing.
    Kill,
}

/// Why an operation is in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The object is missing.
    Absent,
    /// The user requested it with this flag.
    Asked(&'static str),
    /// The user edited these files.
    Edited(Vec<String>),
    /// These files differ from those inside the container.
    FilesDiffer(Vec<String>),
    /// The observed state differs from the desired state.
    Differs,
    /// These fields of the specification changed; empty if they are not known.
    SpecChanged(Vec<String>),
    /// The reference points to another image now.
    ImageChanged,
    /// The container is being replaced.
    Replaced,
    /// A replacement was interrupted.
    ReplacementCutOff,
    /// A change failed and is rolled back.
    RolledBack,
    /// The program ships a newer content.
    NewerShipped,
    /// The container is in this state, not running.
    NotRunning(&'static str),
    /// The service was not ready; this was its last answer.
    NotReady(String),
    /// Grafana rejects the login of this user.
    LoginRefused(String),
    /// Existing data may have a different password.
    OlderData,
    /// The content of Grafana could not be read.
    Unseen,
    /// The service was just started, or its state could not be observed.
    JustStarted,
    /// The network of the container was removed.
    NetworkGone,
    /// A check was interrupted.
    CutOff,
    /// The files are in place, but the service was not observed to load them.
    NotLoaded,
    /// Shortened intervals make the stack healthy sooner.
    QuickStart,
    /// The phase of shortened intervals is over.
    QuickStartOver,
}

impl Plan {
    /// Returns whether the plan has no operations.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the number of operations.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns the pulls alone. They affect no other program and depend on nothing.
    #[must_use]
    pub fn pulls(&self) -> Self {
        let is_pull = |step: &&Step| matches!(step.operation, Operation::Pull { .. });
        Self { steps: self.steps.iter().filter(is_pull).cloned().collect(), ..Self::default() }
    }

    /// Moves the removals of images into their own plan, because they can wait until everything else is
    /// removed.
    #[must_use]
    pub fn split_images(&mut self) -> Self {
        let is_image = |step: &mut Step| matches!(step.operation, Operation::RemoveImage(_));
        let images = self.steps.extract_if(.., is_image).map(|step| Step { needs: Vec::new(), ..step });
        Self { steps: images.collect(), ..Self::default() }
    }

    /// Appends a plan that was made after this one was applied.
    pub fn extend(&mut self, later: Self) {
        let offset = self.len();
        self.undo.extend(later.undo.into_iter().map(|mut undo| {
            undo.first_step += offset;
            undo.ends_before = undo.ends_before.saturating_add(offset);
            undo
        }));
        self.steps.extend(later.steps.into_iter().map(|mut step| {
            step.needs.iter_mut().for_each(|need| *need += offset);
            step
        }));
    }

    fn push(&mut self, operation: Operation, cause: Cause, needs: &[usize]) -> usize {
        let mut needs = needs.to_vec();
        needs.sort_unstable();
        needs.dedup();
        self.steps.push(Step { operation, cause, needs });
        self.steps.len() - 1
    }
}
