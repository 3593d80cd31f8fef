//! What can go wrong, grouped by what the user must do next.
//!
//! Never names a foreign error type: the file that met one adds the subject and boxes it as the source.
//! No `Display` here includes its source; the one printer in `lib.rs` prints the chain.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The cause beneath an [`Error`], boxed so that this file stays free of foreign types.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that ends a command unsuccessfully.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A look at the stack found something amiss.
    #[error("{}", one_or_list("problem", .0))]
    Amiss(Vec<String>),
    /// Several things the stack needs are already used by somebody else.
    #[error("{}", one_or_list("conflict", .0))]
    Conflicts(Vec<Conflict>),
    /// A container stopped or restarts while it was being waited for.
    #[error("`{service}` {how}{}", quoted_log(.log))]
    Died {
        /// The service's name.
        service: String,
        /// What the engine says of the container, such as `exited with code 1`.
        how: String,
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
        /// What can be done about it.
        hint: Option<String>,
        /// What was wrong.
        source: Source,
    },
    /// Configuration files are at fault; nothing was applied.
    #[error("{}", one_or_list("configuration fault", .0))]
    Faults(Vec<Fault>),
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
    #[error("{}", one_or_list("running but blind", .0))]
    Blind(Vec<String>),
    /// A port that was free when it was looked at is taken at the start.
    #[error("port {port} of `{service}` is taken")]
    PortLost {
        /// The service's name.
        service: String,
        /// The port of the host.
        port: u16,
        /// The engine's answer.
        source: Source,
    },
    /// An image could not be pulled.
    #[error("cannot pull `{image}`")]
    Pull {
        /// The image's reference.
        image: String,
        /// What the engine or the registry answered.
        source: Source,
    },
    /// A file of the user's disk could not be read or written.
    #[error("cannot {doing} `{}`", .path.display())]
    File {
        /// The verb: read, write, lock.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: Source,
    },
    /// A flag, variable or settings key has a value that cannot be used.
    #[error("{place}: {reason}")]
    Usage {
        /// The flag, variable or file with line and key.
        place: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
}

impl Error {
    /// Returns the process exit code, as the README lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Amiss(_)
            | Self::Died { .. }
            | Self::Engine { .. }
            | Self::Faults(_)
            | Self::Grafana { .. }
            | Self::GrafanaLogin { .. }
            | Self::Http { .. }
            | Self::InUse { .. }
            | Self::Pull { .. } => 1,
            Self::Usage { .. } => 2,
            Self::EngineUnreachable { .. } | Self::EngineUnknown { .. } => 3,
            Self::Conflicts(_) | Self::File { .. } | Self::PortLost { .. } => 4,
            Self::NotReady { .. } => 5,
            Self::Blind(_) => 6,
            Self::Interrupted => 130,
        }
    }

    /// Returns the stable word by which scripts know the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Amiss(_) => "amiss",
            Self::Blind(_) => "blind",
            Self::Conflicts(_) | Self::PortLost { .. } => "conflict",
            Self::Died { .. } => "died",
            Self::Engine { .. } => "engine",
            Self::EngineUnknown { .. } => "engine-unknown",
            Self::EngineUnreachable { .. } => "engine-unreachable",
            Self::Faults(_) => "configuration",
            Self::File { .. } => "file",
            Self::Grafana { .. } => "grafana",
            Self::GrafanaLogin { .. } => "grafana-login",
            Self::Http { .. } => "http",
            Self::InUse { .. } => "in-use",
            Self::Interrupted => "interrupted",
            Self::NotReady { .. } => "not-ready",
            Self::Pull { .. } => "pull",
            Self::Usage { .. } => "usage",
        }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Amiss(_) => Some("`tdd-stack up` brings the stack into its wanted state".into()),
            Self::Blind(_) => Some("`tdd-stack status` shows every target, rule and panel with its error".into()),
            Self::Conflicts(conflicts) => Some(conflict_hints(conflicts)),
            Self::Died { service, .. } => Some(format!(
                "`tdd-stack logs {service}` shows more; mend the cause and run `tdd-stack up` again"
            )),
            Self::Engine { .. } | Self::Http { .. } => {
                Some("what was done so far stays; run `tdd-stack up` again to go on from there".into())
            }
            Self::EngineUnknown { hint, .. } => hint.clone(),
            Self::EngineUnreachable { .. } => Some(
                "start Docker (`systemctl start docker`, or `scripts/engine.sh` on a machine without one), \
                 or name another engine with `--host`, `--context` or DOCKER_HOST"
                    .into(),
            ),
            Self::Faults(_) => Some(
                "nothing was changed; mend the files, or `tdd-stack init --force` brings back the shipped ones \
                 and keeps a backup"
                    .into(),
            ),
            Self::File { .. } => Some("choose another folder with `--dir`, or mend its permissions".into()),
            Self::Grafana { .. } => Some("`tdd-stack logs grafana` shows Grafana's own reason".into()),
            Self::GrafanaLogin { volume, .. } => Some(format!(
                "the password of the first start stays in the volume `{volume}`: give it with \
                 `--grafana-password`, or `tdd-stack down --volumes` to start afresh"
            )),
            Self::InUse { network, .. } => Some(format!(
                "others are attached to it, and `docker network inspect {network}` names them: \
                 `docker network disconnect {network} NAME`, then `tdd-stack down` again"
            )),
            Self::Interrupted => Some("`tdd-stack up` goes on from here, `tdd-stack down` removes what is there".into()),
            Self::NotReady { service, .. } => Some(format!(
                "`tdd-stack logs {service}` shows more; `--wait-timeout` gives it longer"
            )),
            Self::PortLost { service, .. } => Some(format!(
                "end the program that took it, or take another port with `--port {service}=auto`; what was done \
                 so far stays, and the next `up` goes on from there"
            )),
            Self::Pull { .. } => Some(
                "check the name with `--image`, or take the images from elsewhere with `--registry HOST` \
                 (`scripts/offline-images.sh` makes a local one)"
                    .into(),
            ),
            Self::Usage { .. } => None,
        }
    }

    /// Returns a mapper that makes an [`Error::Engine`] of the engine's answer.
    pub fn engine<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Engine { doing: doing.to_string(), source: source.into() }
    }

    /// Returns a mapper that makes an [`Error::Http`] of a failed request.
    pub fn http<E: Into<Source>>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |source| Self::Http { doing: doing.to_string(), source: source.into() }
    }

    /// Returns a mapper that makes an [`Error::File`] of the system's answer.
    pub fn file<E: Into<Source>>(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        move |source| Self::File { doing, path: path.into(), source: source.into() }
    }
}

/// Something the stack needs that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An object of the engine has our name but not our label.
    Foreign {
        /// `container`, `network` or `volume`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A port is taken.
    Port {
        /// The service that wants it.
        service: String,
        /// The address and port.
        address: std::net::SocketAddr,
        /// Who holds it, where that can be known.
        holder: Option<String>,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { kind, name } => {
                write!(f, "{kind} `{name}` exists and does not belong to this stack")
            }
            Self::Port { service, address, holder } => {
                write!(f, "port {} of `{service}` is taken on {}", address.port(), address.ip())?;
                holder.as_ref().map_or(Ok(()), |holder| write!(f, " by {holder}"))
            }
        }
    }
}

/// One fault of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as the user sees it.
    pub file: PathBuf,
    /// The line, counted from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

fn one_or_list<T: fmt::Display>(what: &str, items: &[T]) -> String {
    match items {
        [only] => format!("{what}: {only}"),
        items => {
            let lines: Vec<String> = items.iter().map(|item| format!("\n  {item}")).collect();
            format!("{} {what}s{}", items.len(), lines.concat())
        }
    }
}

fn quoted_log(log: &[String]) -> String {
    let lines: Vec<String> = log.iter().map(|line| format!("\n  | {line}")).collect();
    lines.concat()
}

fn conflict_hints(conflicts: &[Conflict]) -> String {
    let mut hints: Vec<String> = conflicts
        .iter()
        .map(|conflict| match conflict {
            Conflict::Foreign { kind: "container", name } => {
                format!("remove it (`docker rm {name}`), or use other names with `--stack NAME`")
            }
            Conflict::Foreign { kind, name } => {
                format!("remove it (`docker {kind} rm {name}`), or use other names with `--stack NAME`")
            }
            Conflict::Port { service, .. } => {
                format!("end that program, or take another port with `--port {service}=auto`")
            }
        })
        .collect();
    hints.dedup();
    format!("nothing was changed; {}", hints.join("; "))
}
