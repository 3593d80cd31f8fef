//! Parts of an engine on another machine that this program cannot reach.

use std::net::IpAddr;

use crate::docker::endpoint::Elsewhere;

/// A part of an engine on another machine that cannot be reached from here.
#[derive(Debug, thiserror::Error)]
pub enum OutOfReach {
    /// The ports that the engine publishes.
    #[error("ports that the Docker Engine at {engine} publishes on {on} are not reachable from here")]
    Ports {
        /// The address of the engine, and the setting it comes from.
        engine: String,
        /// The address on which the ports are published.
        on: IpAddr,
        /// Why the ports are not reachable.
        source: Elsewhere,
    },
    /// The demo application, which the containers expect on the engine's machine.
    #[error("the containers of the Docker Engine at {engine} expect the application on the engine's machine")]
    Application {
        /// The address of the engine, and the setting it comes from.
        engine: String,
        /// Why the application does not run there.
        source: Elsewhere,
    },
}

impl OutOfReach {
    /// Returns the hint.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Ports { .. } => "run the command on the engine's machine (in a container: with `--network host`), or \
                                   publish the ports on an address of that machine that is reachable from here: \
                                   `tdd-stack up --bind ADDRESS --generate-password`"
                .into(),
            Self::Application { .. } => "run the command on the engine's machine, or give an address of this machine \
                                         that the engine's containers reach to `tdd-stack up --app-host ADDRESS` and \
                                         to this command"
                .into(),
        }
    }
}
