//! Objects, files and ports that the stack needs but cannot have, as they appear in several schemas.

use std::net::SocketAddr;

use serde::Serialize;

use super::path;
use crate::error::{Conflict, ObjectKind};

/// A conflict; `kind` decides which keys it has.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum ConflictItem<'a> {
    /// A container has a name of the stack and does not belong to it.
    Container {
        /// The name of the container.
        name: &'a str,
    },
    /// An image has a name of the stack and does not belong to it.
    Image {
        /// The name of the image.
        name: &'a str,
    },
    /// A network has a name of the stack and does not belong to it.
    Network {
        /// The name of the network.
        name: &'a str,
    },
    /// A volume has a name of the stack and does not belong to it.
    Volume {
        /// The name of the volume.
        name: &'a str,
    },
    /// A restore started and did not complete.
    Restore {
        /// The name of the stack.
        name: &'a str,
    },
    /// A file exists.
    File {
        /// The path of the file.
        name: String,
    },
    /// A dashboard was edited both inside Grafana and in its file.
    Dashboard {
        /// The uid of the dashboard.
        name: &'a str,
        /// The name of its file.
        file: &'a str,
    },
    /// A port is taken.
    Port {
        /// The service that needs the port.
        service: &'a str,
        /// The address and the port, such as `127.0.0.1:9090`.
        address: SocketAddr,
        /// The program that listens there; null if it cannot be determined.
        holder: Option<&'a str>,
    },
}

impl<'a> ConflictItem<'a> {
    pub(super) fn all(conflicts: &'a [Conflict]) -> Vec<Self> {
        conflicts.iter().map(Self::of).collect()
    }

    fn of(conflict: &'a Conflict) -> Self {
        match conflict {
            Conflict::Foreign { kind, name } | Conflict::Present { kind, name } => match kind {
                ObjectKind::Container => Self::Container { name },
                ObjectKind::Image => Self::Image { name },
                ObjectKind::Network => Self::Network { name },
                ObjectKind::Volume => Self::Volume { name },
            },
            Conflict::Restore { name } => Self::Restore { name },
            Conflict::File { path: file } => Self::File { name: path(file) },
            Conflict::Dashboard { uid, file } => Self::Dashboard { name: uid, file },
            Conflict::Port { service, address, holder }
            | Conflict::FixedPort { service, address, holder } => {
                Self::Port { service, address: *address, holder: holder.as_deref() }
            }
        }
    }
}
