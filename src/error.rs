//! What can go wrong, grouped by what the user must do next.
//!
//! Never names a foreign error type: the file that met one adds the subject and boxes it as the source.
//! No `Display` here includes its source; the one printer in `lib.rs` prints the chain.

mod cause;
mod clean_up;
mod code;
mod conflict;
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

/// The cause beneath an [`Error`], boxed so that this file stays free of foreign types.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that ends a command unsuccessfully.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A look at the stack found something amiss.
    #[error("{}", one_or_list("problem", "problems", .0))]
    Problems(Vec<String>),
    /// A file is no whole backup; nothing was restored.
    #[error("cannot restore `{}`", sanitize::path(.path))]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Source,
    },
    /// The data of a backup could not be put into a volume; the restored volumes are removed again.
    #[error("cannot restore volume `{volume}`")]
    Restore {
        /// The volume's name.
        volume: String,
        /// What failed.
        source: Source,
    },
    /// Something failed, and so did the clean-up after it.
    #[error(transparent)]
    CleanUp(CleanUp),
    /// Several things the stack needs are already used by somebody else.
    #[error("{}", one_or_list("conflict", "conflicts", .0))]
    Conflicts(Vec<Conflict>),
    /// A service does not serve, and waiting for it is in vain.
    #[error("`{service}` {death}{}", quoted_log(.log))]
    Died {
        /// The service's name.
        service: String,
        /// What became of it.
        death: Death,
        /// Its last log lines, oldest first.
        log: Vec<String>,
    },
    /// A call to the engine failed.
    #[error("cannot {doing}")]
    Engine {
        /// The action and its subject, fit for "cannot …".
        doing: String,
        /// The engine's answer.
        source: Source,
    },
    /// The engine was there and does not answer any more.
    #[error("the Docker Engine at {address} stopped answering")]
    EngineLost {
        /// The address, and where it comes from.
        address: String,
        /// What failed for that reason.
        source: Source,
    },
    /// No engine answers at the address.
    #[error("cannot reach the Docker Engine at {address}")]
    EngineUnreachable {
        /// The address, and where it comes from.
        address: String,
        /// What the connection failed with.
        source: Source,
    },
    /// The engine's address cannot be found out.
    #[error("cannot tell which Docker Engine to use")]
    EngineUnknown {
        /// Whether the command line or the environment makes no sense.
        is_usage: bool,
        /// What can be done about it.
        hint: Option<String>,
        /// What was wrong.
        source: Source,
    },
    /// Configuration files are at fault; nothing was applied.
    #[error("{}", one_or_list("configuration fault", "configuration faults", .0))]
    Faults(Vec<ConfigFault>),
    /// A firewall keeps the stack's containers from one another.
    #[error(transparent)]
    Firewall(Firewall),
    /// Grafana refused a request.
    #[error("cannot {doing}: Grafana answered {status} `{message}`")]
    Grafana {
        /// The action and its subject.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The `message` of the answer.
        message: String,
    },
    /// Grafana does not accept the login; tried once, because five wrong tries lock the account.
    #[error("Grafana at {url} refuses the login `{user}`")]
    GrafanaLogin {
        /// Grafana's address.
        url: String,
        /// The user name that was tried.
        user: String,
        /// The volume that keeps the password of the first start.
        volume: String,
        /// Whether the password had just been set inside Grafana.
        was_set: bool,
    },
    /// A request to a service's HTTP API failed.
    #[error("cannot {doing}")]
    Http {
        /// The action and its subject.
        doing: String,
        /// What the request failed with.
        source: Source,
    },
    /// Something that is to be removed is still used by somebody else.
    #[error("cannot remove network `{network}`")]
    InUse {
        /// The network's name.
        network: String,
        /// The engine's answer.
        source: Source,
    },
    /// The user interrupted the work.
    #[error("interrupted")]
    Interrupted,
    /// Another program changes the stack.
    #[error("stack `{stack}` is being changed by {holder}{}", waited_for(*.waited))]
    Locked {
        /// The stack's name.
        stack: String,
        /// Who changes it.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A service's image lacks the program that starts it.
    #[error("cannot start `{service}`: its image `{image}` has no `{program}`")]
    NoProgram {
        /// The service's name.
        service: String,
        /// The image's reference.
        image: String,
        /// The program's path.
        program: &'static str,
        /// The engine's answer.
        source: Source,
    },
    /// The lock under which the stack was being changed is another's or gone; no further change was made.
    #[error("stack `{stack}` is not locked by this program any more: {loss}{}", done_before(.done))]
    LockLost {
        /// The stack's name.
        stack: String,
        /// How it was lost.
        loss: LockLoss,
        /// The steps that were done before.
        done: Vec<String>,
        /// What was not done for that reason.
        source: Option<Source>,
    },
    /// A service did not become ready in time.
    #[error("`{service}` is not ready after {}: {url} {last}{}", humantime::format_duration(*.waited), quoted_log(.log))]
    NotReady {
        /// The service's name.
        service: String,
        /// The address that was asked.
        url: String,
        /// How long it was waited for.
        waited: Duration,
        /// The last answer.
        last: String,
        /// Its last log lines, oldest first.
        log: Vec<String>,
    },
    /// The stack runs, but something that is required does not observe.
    #[error("{}", one_or_list("running but blind", "reasons why the running stack is blind", .0))]
    Unhealthy(Vec<String>),
    /// Alerts did not arrive in a drill.
    #[error("{}", one_or_list("alert that did not arrive", "alerts that did not arrive", .0))]
    Drill(Vec<String>),
    /// No demo answers on its control port.
    #[error("no demo answers at {url}")]
    NoDemo {
        /// The address that was asked.
        url: String,
        /// What the request failed with.
        source: Source,
    },
    /// A past could not be made for Prometheus, or is not to be seen there.
    #[error("cannot import the history: {reason}{}", quoted_log(.log))]
    History {
        /// What went wrong.
        reason: String,
        /// What the tools said, oldest first.
        log: Vec<String>,
    },
    /// The engine is elsewhere, and something of it is not reachable from here; nothing was changed.
    #[error(transparent)]
    OutOfReach(OutOfReach),
    /// A port that was free when it was looked at is taken at the start.
    #[error("port {port} of `{service}` is taken{}", by(holder.as_deref()))]
    PortLost {
        /// The service's name.
        service: String,
        /// The port of the host.
        port: u16,
        /// The program that listens there, where the system shows it.
        holder: Option<String>,
        /// The engine's answer.
        source: Source,
    },
    /// A change failed, and what ran before runs again.
    #[error("the change failed and was taken back: {}", as_before(services))]
    RolledBack {
        /// What failed.
        #[source]
        failure: Box<Self>,
        /// The services that are as before.
        services: Vec<&'static str>,
    },
    /// A change failed, and what ran before could not be brought back.
    #[error("the change failed, and {} could not be brought back: {second}", services.join(", "))]
    NotRolledBack {
        /// What failed.
        #[source]
        failure: Box<Self>,
        /// The services that should have been as before.
        services: Vec<&'static str>,
        /// What failed on the way back.
        second: Box<Self>,
    },
    /// Images could not be pulled, all of them for the same cause.
    #[error("cannot pull {}", pull_fault::told(images, *fault))]
    Pull {
        /// The images' references; one at least.
        images: Vec<String>,
        /// Why, as far as the answer tells.
        fault: PullFault,
        /// What the engine or the registry answered.
        source: Source,
    },
    /// A file of the user's disk could not be read or written.
    #[error("cannot {doing} `{}`", sanitize::path(.path))]
    File {
        /// What was to be done with it.
        doing: FileAction,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: Source,
    },
    /// The settings file cannot be used.
    #[error("{place}: {reason}")]
    SettingsFile {
        /// The file, with line where it is known.
        place: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// A flag or variable has a value that cannot be used.
    #[error("{place}: {reason}")]
    Usage {
        /// The flag or variable.
        place: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
}

impl Error {
    /// Returns the process exit code, as the README lists them.
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
            | Self::RolledBack { .. } => 1,
            Self::CleanUp(_) => self.first().exit_code(),
            Self::EngineUnknown { is_usage: true, .. } | Self::SettingsFile { .. } | Self::Usage { .. } => 2,
            Self::EngineLost { .. } | Self::EngineUnreachable { .. } | Self::EngineUnknown { .. } => 3,
            Self::Conflicts(_)
            | Self::File { .. }
            | Self::Locked { .. }
            | Self::OutOfReach(_)
            | Self::PortLost { .. } => 4,
            Self::NotReady { .. } => 5,
            Self::Unhealthy(_) => 6,
            Self::Interrupted => 130,
        }
    }

    /// Returns a mapper that makes an [`Error::Engine`] of the engine's answer.
    pub fn engine<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Engine { doing: doing.to_string(), source: source.into() }
    }

    /// Returns a fault of a file's content as one of the settings file: the user's words cannot be followed.
    #[must_use]
    pub fn of_settings(self, path: &Path) -> Self {
        match self {
            Self::Faults(faults) => {
                let faults = faults.into_iter().map(|fault| match fault.line {
                    Some(line) => format!("line {line}: {}", fault.reason),
                    None => fault.reason,
                });
                Self::SettingsFile {
                    place: sanitize::path(path),
                    reason: faults.collect::<Vec<_>>().join("; "),
                }
            }
            other => other,
        }
    }

    /// Returns a mapper that makes an [`Error::Backup`] of what is wrong with a file.
    pub fn backup<E: Into<Source>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        move |source| Self::Backup { path: path.into(), source: source.into() }
    }

    /// Returns the failure to put data into a volume.
    pub fn restore(volume: &str, source: Self) -> Self {
        Self::Restore { volume: volume.to_string(), source: source.into() }
    }

    /// Returns the fault of a file that has no quicker version.
    pub fn overlay(fault: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Engine { doing: "prepare the files of a drill".into(), source: Box::new(fault) }
    }

    /// Returns a mapper that makes an [`Error::Http`] of a failed request.
    pub fn http<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Http { doing: doing.to_string(), source: source.into() }
    }

    /// Returns a mapper that makes an [`Error::File`] of the system's answer.
    pub fn file<E: Into<Source>>(doing: FileAction, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        move |source| Self::File { doing, path: path.into(), source: source.into() }
    }
}
