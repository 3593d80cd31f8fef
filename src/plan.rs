//! What is to be done: operations in an order, each with its cause and what it needs first.
//!
//! Plain data. The printed plan is the dry run, the oracle of the tests and the log at once.
//! `plan/up.rs` and `plan/down.rs` decide; nothing here does.

mod down;
mod up;

use std::fmt;

pub use down::{Keep, down};
pub use up::{PullPolicy, up};

use crate::observed::VolumeKind;
use crate::stack::{CheckCommand, DataSource, Service};

/// Operations in an order that satisfies what each needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The operations.
    pub steps: Vec<Step>,
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
    },
    /// Stop and start a container.
    Restart {
        /// The service.
        service: String,
        /// Seconds before it is killed.
        seconds: u32,
    },
    /// Wait until a service is ready, or its container dies.
    AwaitReady(
        /// The service's specification.
        Box<Service>,
    ),
    /// See that each service resolves and answers by name inside the network.
    Reach {
        /// The service that asks.
        from: String,
        /// The addresses.
        urls: Vec<String>,
    },
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
    },
    /// Wait until a data source answers through Grafana.
    AwaitDataSource {
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
    /// The program ships a newer content.
    NewerShipped,
    /// It is not running.
    NotRunning(&'static str),
    /// It was seen not ready.
    NotReady(String),
    /// It was just started, or its state could not be seen.
    JustStarted,
    /// The network it was attached to is gone.
    NetworkGone,
    /// A check was cut off.
    CutOff,
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

    fn push(&mut self, operation: Operation, cause: Cause, needs: &[usize]) -> usize {
        let mut needs = needs.to_vec();
        needs.sort_unstable();
        needs.dedup();
        self.steps.push(Step { operation, cause, needs });
        self.steps.len() - 1
    }
}

impl Operation {
    /// Returns the verb, which is stable in JSON.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::WriteFile { .. } => "write",
            Self::Pull { .. } => "pull",
            Self::Check { .. } => "check",
            Self::CreateNetwork(_) => "create-network",
            Self::CreateVolume { .. } => "create-volume",
            Self::Stop { .. } => "stop",
            Self::Remove { .. } => "remove",
            Self::Create { .. } => "create",
            Self::Upload { .. } => "upload",
            Self::Start { .. } => "start",
            Self::Reload { .. } => "reload",
            Self::Restart { .. } => "restart",
            Self::AwaitReady(_) => "await",
            Self::Reach { .. } => "reach",
            Self::SetDataSource(_) => "data-source",
            Self::ImportDashboard { .. } => "import",
            Self::AwaitDataSource { .. } => "await-source",
            Self::RemoveNetwork(_) => "remove-network",
            Self::RemoveVolume(_) => "remove-volume",
            Self::RemoveImage(_) => "remove-image",
        }
    }

    /// Returns what it is done to.
    pub fn target(&self) -> String {
        match self {
            Self::WriteFile { file, .. } => file.clone(),
            Self::Pull { image, .. } | Self::RemoveImage(image) => image.clone(),
            Self::Check { service, check, .. } => format!("{service} ({})", check.title()),
            Self::CreateNetwork(name)
            | Self::RemoveNetwork(name)
            | Self::RemoveVolume(name)
            | Self::CreateVolume { name, .. }
            | Self::Remove { name, .. } => name.clone(),
            Self::Stop { service, .. } | Self::Reload { service, .. } | Self::Restart { service, .. } => {
                service.clone()
            }
            Self::Upload { service, files, .. } => {
                let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
                format!("{service} ({})", names.join(", "))
            }
            Self::Create { service, .. } | Self::Start { service, .. } | Self::AwaitReady(service) => {
                service.name.to_string()
            }
            Self::Reach { from, .. } => format!("every service by name from {from}"),
            Self::SetDataSource(data_source) => data_source.uid.to_string(),
            Self::ImportDashboard { uid, .. } | Self::AwaitDataSource { uid } => uid.clone(),
        }
    }

    /// Returns the service it belongs to, where it belongs to one.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Check { service, .. }
            | Self::Stop { service, .. }
            | Self::Upload { service, .. }
            | Self::Reload { service, .. }
            | Self::Restart { service, .. }
            | Self::Pull { service, .. } => Some(service),
            Self::Create { service, .. } | Self::Start { service, .. } | Self::AwaitReady(service) => {
                Some(service.name)
            }
            Self::SetDataSource(_) | Self::ImportDashboard { .. } | Self::AwaitDataSource { .. } => {
                Some("grafana")
            }
            Self::WriteFile { .. }
            | Self::CreateNetwork(_)
            | Self::CreateVolume { .. }
            | Self::Remove { .. }
            | Self::Reach { .. }
            | Self::RemoveNetwork(_)
            | Self::RemoveVolume(_)
            | Self::RemoveImage(_) => None,
        }
    }
}

impl CheckCommand {
    /// Returns the check's name: the program and its sub-command.
    pub fn title(&self) -> String {
        let words: Vec<&str> =
            self.command.iter().copied().take_while(|word| !word.starts_with('/')).collect();
        words.join(" ")
    }

    /// Returns the name of the file that a fault means where it names none: the last argument.
    pub fn main_file(&self) -> &'static str {
        let last = self.command.last().copied().unwrap_or_default();
        last.rsplit_once('/').map_or(last, |(_, name)| name)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            let needs: Vec<String> = step.needs.iter().map(|need| (need + 1).to_string()).collect();
            let after = if needs.is_empty() { String::new() } else { format!("  after {}", needs.join(" ")) };
            writeln!(
                f,
                "{:>3}  {:<14} {}  ({}){after}",
                index + 1,
                step.operation.verb(),
                step.operation.target(),
                step.cause
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(f, "not there"),
            Self::Asked(flag) => write!(f, "asked for by {flag}"),
            Self::Edited(files) => write!(f, "you edited {}", files.join(", ")),
            Self::FilesDiffer(files) => write!(f, "{} changed", files.join(", ")),
            Self::Differs => write!(f, "differs from what is wanted"),
            Self::SpecChanged => write!(f, "its specification changed"),
            Self::ImageChanged => write!(f, "its image changed"),
            Self::Replaced => write!(f, "the container is replaced"),
            Self::NewerShipped => write!(f, "a newer content is shipped"),
            Self::NotRunning(state) => write!(f, "it is {state}"),
            Self::NotReady(last) => write!(f, "not ready: {last}"),
            Self::JustStarted => write!(f, "just started"),
            Self::NetworkGone => write!(f, "its network is gone"),
            Self::CutOff => write!(f, "left by a check that was cut off"),
        }
    }
}
