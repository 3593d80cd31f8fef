//! What is to be done: operations in an order, each with its cause and what it needs first.
//!
//! Plain data. The printed plan is the dry run, the oracle of the tests and the log at once.
//! `plan/up.rs` and `plan/down.rs` decide; nothing here does.

mod changes;
mod display;
mod down;
mod files;
mod grafana;
mod replace;
mod rollback;
mod service;
mod up;
mod verb;

pub use changes::{TextChange, text_changes};
pub use down::{Kept, down};
pub use grafana::login_refused;
pub use rollback::Rollback;
pub use up::{DashboardEdits, PullPolicy, Request, VerifyTime, pull, up};
pub use verb::Verb;

use crate::error::Conflict;
use crate::model::observed::VolumeKind;
use crate::model::stack::{CheckCommand, DataSource, PasswordFile, Service};

/// Operations in an order that satisfies what each needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The operations.
    pub steps: Vec<Step>,
    /// What takes back changes of what runs already, where a step fails.
    pub undo: Vec<Rollback>,
    /// What keeps a part of the wanted state from being reached; nothing is done about it.
    pub conflicts: Vec<Conflict>,
}

/// One operation of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub operation: Operation,
    /// Why.
    pub cause: Cause,
    /// The steps that must have succeeded before, by index.
    pub needs: Vec<usize>,
}

/// Exactly one effect, with exactly the data it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Write a configuration file to the user's disk.
    WriteFile {
        /// Its name.
        file: String,
        /// Its content.
        content: String,
    },
    /// Pull an image.
    Pull {
        /// Its reference.
        image: String,
        /// The service that runs it.
        service: String,
    },
    /// Check edited files in a short-lived container of the service's image.
    Check {
        /// The service.
        service: String,
        /// The image.
        image: String,
        /// The command.
        check: CheckCommand,
        /// The folder that the files lie in inside the container.
        folder: &'static str,
        /// Contents by name.
        files: Vec<(String, String)>,
    },
    /// Make a network.
    CreateNetwork(
        /// Its name.
        String,
    ),
    /// Make a volume.
    CreateVolume {
        /// Its name.
        name: String,
        /// What it is for.
        kind: VolumeKind,
    },
    /// Stop a container.
    Stop {
        /// Its service.
        service: String,
        /// Its id.
        container: String,
        /// Seconds before it is killed.
        seconds: u32,
    },
    /// Remove a stopped container, or kill and remove it.
    Remove {
        /// Its name.
        name: String,
        /// Its id.
        container: String,
        /// Whether it may be killed.
        force: Force,
    },
    /// Give a stopped container another name, so that a new one can have its own.
    SetAside {
        /// Its service.
        service: String,
        /// Its id.
        container: String,
        /// The name that it gets.
        name: String,
    },
    /// Give a container that was set aside its own name again; what has taken its place is removed.
    PutBack {
        /// Its service.
        service: String,
        /// Its id.
        container: String,
        /// Its own name.
        name: String,
    },
    /// Make a container.
    Create {
        /// Its specification.
        service: Box<Service>,
        /// The port to publish.
        host_port: u16,
    },
    /// Put files into a container's configuration volume.
    Upload {
        /// The service.
        service: String,
        /// The folder inside the container.
        folder: &'static str,
        /// Contents by name.
        files: Vec<(String, String)>,
    },
    /// Put the password of the stack's login into its file in a container's volume.
    WritePasswordFile {
        /// The service.
        service: String,
        /// The file.
        file: PasswordFile,
    },
    /// Start a container.
    Start {
        /// Its specification, for the case that the engine refuses a part of it.
        service: Box<Service>,
        /// The port to publish.
        host_port: u16,
    },
    /// Have a running service read its files again, and see that it did.
    Reload {
        /// The service.
        service: String,
        /// What its metrics about the last reload begin with.
        metrics_prefix: &'static str,
        /// The folder inside the container where the mark is left.
        folder: &'static str,
        /// The fingerprint of the files, left as a mark once they are loaded.
        checksum: String,
    },
    /// Let a paused container go on.
    Unpause {
        /// The service.
        service: String,
    },
    /// Stop and start a container.
    Restart {
        /// The service.
        service: String,
        /// Seconds before it is killed.
        seconds: u32,
    },
    /// Wait until a service is ready, or its container dies.
    WaitReady(
        /// The service's specification.
        Box<Service>,
    ),
    /// See that each service resolves and answers by name inside the network.
    CheckConnectivity {
        /// The service that asks.
        from: String,
        /// The addresses.
        urls: Vec<String>,
    },
    /// Make sure that Grafana accepts the login.
    SetLogin(
        /// What is known of it.
        LoginCase,
    ),
    /// Make Grafana hold a data source.
    SetDataSource(
        /// The data source.
        DataSource,
    ),
    /// Make Grafana hold a dashboard.
    ImportDashboard {
        /// Its uid.
        uid: String,
        /// The dashboard.
        body: serde_json::Value,
        /// What becomes of edits that were made inside Grafana.
        edits: DashboardEdits,
    },
    /// Wait until Prometheus itself has seen everything, or patience ends; what it saw is judged afterwards.
    WaitHealthy,
    /// Wait until a data source answers through Grafana.
    WaitDataSource {
        /// Its uid.
        uid: String,
    },
    /// Remove a network.
    RemoveNetwork(
        /// Its name.
        String,
    ),
    /// Remove a volume.
    RemoveVolume(
        /// Its name.
        String,
    ),
    /// Remove an image.
    RemoveImage(
        /// Its reference.
        String,
    ),
}

/// What is known of a login that Grafana's data may not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginCase {
    /// Nothing: it is tried once, and set where it is refused.
    Unproven,
    /// Nothing, and nobody chose it: it is tried once, and never takes the place of one that somebody chose.
    Default,
    /// It was refused: it is set.
    Refused,
}

/// Whether a running container may be killed to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// No: it has been stopped.
    Stopped,
    /// Yes: nothing in it is worth a clean stop.
    Kill,
}

/// Why an operation is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is not there.
    Absent,
    /// The user asked for it.
    Asked(&'static str),
    /// The user edited these files.
    Edited(Vec<String>),
    /// These files differ from what is inside the container.
    FilesDiffer(Vec<String>),
    /// What is there differs from what is wanted.
    Differs,
    /// The specification changed.
    SpecChanged,
    /// The reference now names another image.
    ImageChanged,
    /// The container is replaced.
    Replaced,
    /// A replacement was cut off.
    ReplacementCutOff,
    /// A change failed.
    RolledBack,
    /// The program ships a newer content.
    NewerShipped,
    /// It is not running.
    NotRunning(&'static str),
    /// It was seen not ready.
    NotReady(String),
    /// It refuses the login of this user.
    LoginRefused(String),
    /// It starts on data that may know another password.
    OlderData,
    /// What it holds could not be seen.
    Unseen,
    /// It was just started, or its state could not be seen.
    JustStarted,
    /// The network it was attached to is gone.
    NetworkGone,
    /// A check was cut off.
    CutOff,
    /// The files are there, but the service was not seen to load them.
    NotLoaded,
    /// A quicker version of the files shortens the way to a proof.
    QuickStart,
    /// The quicker version has served.
    QuickStartOver,
}

impl Plan {
    /// Returns whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns how many operations there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns the pulls, which hinder nobody and need nothing.
    #[must_use]
    pub fn pulls(&self) -> Self {
        let is_pull = |step: &&Step| matches!(step.operation, Operation::Pull { .. });
        Self { steps: self.steps.iter().filter(is_pull).cloned().collect(), ..Self::default() }
    }

    /// Takes the removals of images out, which can wait until everything else is gone.
    #[must_use]
    pub fn split_images(&mut self) -> Self {
        let is_image = |step: &mut Step| matches!(step.operation, Operation::RemoveImage(_));
        let images = self.steps.extract_if(.., is_image).map(|step| Step { needs: Vec::new(), ..step });
        Self { steps: images.collect(), ..Self::default() }
    }

    /// Adds a plan that was made after this one was applied.
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
