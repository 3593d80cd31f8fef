//! Errors of the program, grouped by what the user must do next.
//!
//! This file names no foreign error type: the module that meets one adds the subject and boxes it as the
//! source. A `Display` here never includes its source; `lib.rs` prints the chain in one place.

mod cause;
pub mod chain;
mod clean_up;
mod code;
mod conflict;
pub mod exit_code;
mod fault;
mod file_action;
pub mod firewall;
pub mod hint;
mod lock_loss;
mod out_of_reach;
mod pull_fault;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use cause::{Death, End, TooOld};
pub use clean_up::{CleanUp, and_clean_up};
pub use conflict::{Conflict, ObjectKind};
pub use fault::ConfigFault;
pub use file_action::FileAction;
pub use firewall::Firewall;
pub use lock_loss::LockLoss;
pub use out_of_reach::OutOfReach;
pub use pull_fault::PullFault;

use text::{as_before, by, done_before, one_or_list, quoted_log, waited_for};

use crate::model::sanitize;

/// The cause of an [`Error`], boxed so that this file stays free of foreign types.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every error that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stack has problems.
    #[error("{}", one_or_list("problem", "problems", .0))]
    Problems(Vec<String>),
    /// A file is not an intact backup; nothing was restored.
    #[error("cannot restore `{}`", sanitize::path(.path))]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Source,
    },
    /// The data of a backup could not be written into a volume; the restored volumes are removed again.
    #[error("cannot restore volume `{volume}`")]
    Restore {
        /// The name of the volume.
        volume: String,
        /// What failed.
        source: Source,
    },
    /// Work failed, and so did the clean-up after it.
    #[error(transparent)]
    CleanUp(CleanUp),
    /// Objects or ports that the stack needs belong to other programs.
    #[error("{}", one_or_list("conflict", "conflicts", .0))]
    Conflicts(Vec<Conflict>),
    /// A service is not running, so waiting for it is pointless.
    #[error("`{service}` {death}{}", quoted_log(.log))]
    Died {
        /// The name of the service.
        service: String,
        /// Its state.
        death: Death,
        /// Its last log lines, oldest first.
        log: Vec<String>,
    },
    /// A call to the engine failed.
    #[error("cannot {doing}")]
    Engine {
        /// The action and its object, completing "cannot …".
        doing: String,
        /// The engine's answer.
        source: Source,
    },
    /// The engine answered before and does not answer any more.
    #[error("the Docker Engine at {address} stopped answering")]
    EngineLost {
        /// The address, and the setting it comes from.
        address: String,
        /// The call that failed.
        source: Source,
    },
    /// No engine answers at the address.
    #[error("cannot reach the Docker Engine at {address}")]
    EngineUnreachable {
        /// The address, and the setting it comes from.
        address: String,
        /// The error of the connection.
        source: Source,
    },
    /// The address of the engine cannot be determined.
    #[error("cannot determine which Docker Engine to use")]
    EngineUnknown {
        /// Whether the command line or the environment is invalid.
        is_usage: bool,
        /// The hint.
        hint: Option<String>,
        /// What was wrong.
        source: Source,
    },
    /// Configuration files are invalid; nothing was applied.
    #[error("{}", one_or_list("invalid configuration", "configuration errors", .0))]
    Faults(Vec<ConfigFault>),
    /// A firewall blocks traffic between the containers of the stack.
    #[error(transparent)]
    Firewall(Firewall),
    /// Grafana refused a request.
    #[error("cannot {doing}: Grafana answered {status} `{message}`")]
    Grafana {
        /// The action and its object.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The `message` of the answer.
        message: String,
    },
    /// Grafana rejects the login. It is tried once, because five wrong tries lock the account.
    #[error("Grafana at {url} rejects the login `{user}`")]
    GrafanaLogin {
        /// The address of Grafana.
        url: String,
        /// The user name that was tried.
        user: String,
        /// The volume that keeps the password of the first start.
        volume: String,
        /// Whether the password had just been set inside Grafana.
        was_set: bool,
    },
    /// A request to the HTTP API of a service failed.
    #[error("cannot {doing}")]
    Http {
        /// The action and its object.
        doing: String,
        /// The error of the request.
        source: Source,
    },
    /// A network cannot be removed because other containers use it.
    #[error("cannot remove network `{network}`")]
    InUse {
        /// The name of the network.
        network: String,
        /// The engine's answer.
        source: Source,
    },
    /// The user interrupted a drill, and the original files are back in place.
    #[error("interrupted")]
    DrillInterrupted,
    /// The user interrupted the command.
    #[error("interrupted")]
    Interrupted,
    /// Another program holds the lock of the stack.
    #[error("stack `{stack}` is being changed by {holder}{}", waited_for(*.waited))]
    Locked {
        /// The name of the stack.
        stack: String,
        /// The holder of the lock.
        holder: String,
        /// How long this program waited for the lock.
        waited: Duration,
    },
    /// The image of a service lacks the program that starts it.
    #[error("cannot start `{service}`: its image `{image}` has no `{program}`")]
    NoProgram {
        /// The name of the service.
        service: String,
        /// The reference of the image.
        image: String,
        /// The path of the program.
        program: &'static str,
        /// The engine's answer.
        source: Source,
    },
    /// The lock was lost while the stack was being changed; no further change was made.
    #[error("lost the lock of stack `{stack}`: {loss}{}", done_before(.done))]
    LockLost {
        /// The name of the stack.
        stack: String,
        /// The way it was lost.
        loss: LockLoss,
        /// The operations that completed before.
        done: Vec<String>,
        /// The operation that failed because of it.
        source: Option<Source>,
    },
    /// A service did not become ready in time.
    #[error("`{service}` is not ready after {}: {url} {last}{}", humantime::format_duration(*.waited), quoted_log(.log))]
    NotReady {
        /// The name of the service.
        service: String,
        /// The address that was probed.
        url: String,
        /// How long the service was waited for.
        waited: Duration,
        /// The last answer, or the error of the last probe.
        last: String,
        /// Its last log lines, oldest first.
        log: Vec<String>,
    },
    /// The stack runs, but a required part of the monitoring does not work.
    #[error("{}", one_or_list("running but unhealthy", "reasons why the running stack is unhealthy", .0))]
    Unhealthy(Vec<String>),
    /// Alerts of a drill did not arrive at the receiver.
    #[error("{}", one_or_list("alert not delivered", "alerts not delivered", .0))]
    Drill(Vec<String>),
    /// No demo answers on its control port.
    #[error("no demo answers at {url}")]
    NoDemo {
        /// The address of the request.
        url: String,
        /// The error of the request.
        source: Source,
    },
    /// The demo's history could not be imported into Prometheus, or Prometheus does not return it.
    #[error("cannot import the history: {reason}{}", quoted_log(.log))]
    History {
        /// The reason.
        reason: String,
        /// The output of the tools, oldest line first.
        log: Vec<String>,
    },
    /// The engine runs on another machine, and a part of it is not reachable from here; nothing was changed.
    #[error(transparent)]
    OutOfReach(OutOfReach),
    /// A port that was free when the plan was made is taken at the start.
    #[error("port {port} of `{service}` is taken{}", by(holder.as_deref()))]
    PortLost {
        /// The name of the service.
        service: String,
        /// The port on the host.
        port: u16,
        /// The program that listens there, if the system shows it.
        holder: Option<String>,
        /// The engine's answer.
        source: Source,
    },
    /// A change failed and was rolled back; the previous containers run again.
    #[error("the change failed and was rolled back: {}", as_before(services))]
    RolledBack {
        /// The failure of the change.
        #[source]
        failure: Box<Self>,
        /// The services that run as before.
        services: Vec<&'static str>,
    },
    /// A change failed, and so did its rollback.
    #[error("the change failed, and {} could not be rolled back: {second}", services.join(", "))]
    NotRolledBack {
        /// The failure of the change.
        #[source]
        failure: Box<Self>,
        /// The services that should run as before.
        services: Vec<&'static str>,
        /// The failure of the rollback.
        second: Box<Self>,
    },
    /// Images could not be pulled, all of them for the same reason.
    #[error("cannot pull {}", pull_fault::told(images, *fault))]
    Pull {
        /// The references of the images; at least one.
        images: Vec<String>,
        /// The kind of failure, as far as the answer shows it.
        fault: PullFault,
        /// The answer of the engine or the registry.
        source: Source,
    },
    /// A file on the user's disk could not be read or written.
    #[error("cannot {doing} `{}`", sanitize::path(.path))]
    File {
        /// The action.
        doing: FileAction,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: Source,
    },
    /// The settings file is invalid.
    #[error("{place}: {reason}")]
    SettingsFile {
        /// The file, with the line if it is known.
        place: String,
        /// The problem, and what is valid.
        reason: String,
    },
    /// The command line is invalid: the problem, and the hint.
    #[error("{0}")]
    CommandLine(String, String),
    /// A flag or variable has an invalid value.
    #[error("{place}: {reason}")]
    Usage {
        /// The flag or variable.
        place: String,
        /// The problem, and what is valid.
        reason: String,
    },
}

impl Error {
    /// Returns the exit code of the process, as the README lists it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Problems(_)
            | Self::Backup { .. }
            | Self::Died { .. }
            | Self::Drill(_)
            | Self::Engine { .. }
            | Self::Faults(_)
            | Self::Firewall(_)
            | Self::Grafana { .. }
            | Self::GrafanaLogin { .. }
            | Self::History { .. }
            | Self::Http { .. }
            | Self::InUse { .. }
            | Self::LockLost { .. }
            | Self::NoDemo { .. }
            | Self::NoProgram { .. }
            | Self::NotRolledBack { .. }
            | Self::Pull { .. }
            | Self::Restore { .. }
            | Self::RolledBack { .. } => exit_code::FAILED,
            Self::CleanUp(_) => self.first().exit_code(),
            Self::CommandLine(..)
            | Self::EngineUnknown { is_usage: true, .. }
            | Self::SettingsFile { .. }
            | Self::Usage { .. } => exit_code::USAGE,
            Self::EngineLost { .. } | Self::EngineUnreachable { .. } | Self::EngineUnknown { .. } => {
                exit_code::ENGINE
            }
            Self::Conflicts(_)
            | Self::File { .. }
            | Self::Locked { .. }
            | Self::OutOfReach(_)
            | Self::PortLost { .. } => exit_code::CONFLICT,
            Self::NotReady { .. } => exit_code::NOT_READY,
            Self::Unhealthy(_) => exit_code::UNHEALTHY,
            Self::DrillInterrupted | Self::Interrupted => exit_code::INTERRUPTED,
        }
    }

    /// Returns a function that wraps the engine's error in [`Error::Engine`].
    pub fn engine<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Engine { doing: doing.to_string(), source: source.into() }
    }

    /// Turns errors in the content of the settings file into [`Error::SettingsFile`]; other errors stay as
    /// they are.
    #[must_use]
    pub fn of_settings(self, path: &Path) -> Self {
        match self {
            Self::Faults(faults) => {
                let line = faults.first().and_then(|fault| fault.line);
                let line = line.map(|line| format!(":{line}")).unwrap_or_default();
                let reasons: Vec<String> = faults.into_iter().map(|fault| fault.reason).collect();
                let place = format!("{}{line}", sanitize::path(path));
                Self::SettingsFile { place, reason: reasons.join("; ") }
            }
            other => other,
        }
    }

    /// Returns a function that wraps the problem of a file in [`Error::Backup`].
    pub fn backup<E: Into<Source>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        move |source| Self::Backup { path: path.into(), source: source.into() }
    }

    /// Returns the failure to write data into a volume.
    pub fn restore(volume: &str, source: Self) -> Self {
        Self::Restore { volume: volume.to_string(), source: source.into() }
    }

    /// Returns the failure to shorten the intervals in a configuration file.
    pub fn overlay(fault: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Engine { doing: "prepare the drill's configuration files".into(), source: Box::new(fault) }
    }

    /// Returns a function that wraps the error of a request in [`Error::Http`].
    pub fn http<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Http { doing: doing.to_string(), source: source.into() }
    }

    /// Returns a function that wraps the error of the system in [`Error::File`].
    pub fn file<E: Into<Source>>(doing: FileAction, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        move |source| Self::File { doing, path: path.into(), source: source.into() }
    }
}
