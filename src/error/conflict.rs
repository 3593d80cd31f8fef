//! Objects, files and ports that already exist or belong to other programs.

use std::fmt;
use std::path::PathBuf;

use crate::model::sanitize;

/// A kind of engine object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A container.
    Container,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

impl ObjectKind {
    /// Returns the command that removes an object of this kind, without the name.
    pub fn removal(self) -> &'static str {
        match self {
            Self::Container => "docker rm",
            Self::Image => "docker rmi",
            Self::Network => "docker network rm",
            Self::Volume => "docker volume rm",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Image => "image",
            Self::Network => "network",
            Self::Volume => "volume",
        })
    }
}

/// An object or a port that the stack needs but cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An engine object has a name of the stack, but not its label.
    Foreign {
        /// The kind of the object.
        kind: ObjectKind,
        /// The name of the object.
        name: String,
    },
    /// An object of the stack exists where a restore would write its data.
    Present {
        /// The kind of the object.
        kind: ObjectKind,
        /// The name of the object.
        name: String,
    },
    /// A restore started and did not complete.
    Restore {
        /// The name of the stack.
        name: String,
    },
    /// A file exists.
    File {
        /// The path of the file.
        path: PathBuf,
    },
    /// A dashboard was edited both inside Grafana and in its file; one of the edits has to be dropped.
    Dashboard {
        /// Its uid.
        uid: String,
        /// The name of the file.
        file: String,
    },
    /// A port is taken.
    Port {
        /// The service that needs it.
        service: String,
        /// The address and port.
        address: std::net::SocketAddr,
        /// The program that listens there, if it can be determined.
        holder: Option<String>,
    },
    /// A port that the configuration names is taken, so no other port can replace it.
    FixedPort {
        /// The service that needs it.
        service: String,
        /// The address and port.
        address: std::net::SocketAddr,
        /// The program that listens there, if it can be determined.
        holder: Option<String>,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign { kind, name } => {
                write!(f, "{kind} `{name}` exists and does not belong to this stack")
            }
            Self::Present { kind, name } => write!(f, "{kind} `{name}` exists"),
            Self::Restore { name } => {
                write!(f, "the data of stack `{name}` is being restored, or was only partially restored")
            }
            Self::Dashboard { uid, file } => {
                write!(f, "dashboard `{uid}` was edited inside Grafana and in `{file}`")
            }
            Self::File { path } => write!(f, "file `{}` exists", sanitize::path(path)),
            Self::Port { service, address, holder } | Self::FixedPort { service, address, holder } => {
                write!(f, "port {} of `{service}` is taken on {}", address.port(), address.ip())?;
                holder.as_ref().map_or(Ok(()), |holder| write!(f, " by {holder}"))
            }
        }
    }
}
