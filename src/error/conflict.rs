//! What somebody else has, or what is there already.

use std::fmt;
use std::path::PathBuf;

use crate::model::sanitize;

/// A kind of object that an engine has.
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
    /// Returns the command that removes an object of this kind, without its name.
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

/// Something the stack needs that somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An object of the engine has our name but not our label.
    Foreign {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// An object of the stack itself is where a restore would put its data.
    Present {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// A restore has begun and not ended well.
    Restore {
        /// The stack's name.
        name: String,
    },
    /// A file is there already.
    File {
        /// The file.
        path: PathBuf,
    },
    /// A dashboard was edited inside Grafana and in its file, so one of the edits must give way.
    Dashboard {
        /// Its uid.
        uid: String,
        /// The file's name.
        file: String,
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
    /// A port is taken that the configuration names, so that no other will do.
    FixedPort {
        /// What wants it.
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
            Self::Present { kind, name } => write!(f, "{kind} `{name}` exists"),
            Self::Restore { name } => {
                write!(f, "the data of stack `{name}` is being restored, or was restored by half")
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
