//! What an engine has that this program cannot reach, because the engine is elsewhere.

use std::net::IpAddr;

use crate::docker::endpoint::Elsewhere;

/// Something that this program cannot reach on an engine that is elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum OutOfReach {
    /// The ports that the engine publishes.
    #[error("ports that the Docker Engine at {engine} publishes on {on} are not reachable from here")]
    Ports {
        /// The engine's address, and where it comes from.
        engine: String,
        /// The address on which it publishes them.
        on: IpAddr,
        /// Why this program does not reach them.
        source: Elsewhere,
    },
    /// The simulated application, which the containers look for on the engine's own machine.
    #[error(
        "the containers of the Docker Engine at {engine} look for the application on the engine's machine"
    )]
    Application {
        /// The engine's address, and where it comes from.
        engine: String,
        /// Why the application does not run there.
        source: Elsewhere,
    },
}

impl OutOfReach {
    /// Returns what to do next.
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
