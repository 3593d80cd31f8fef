//! The facts that the diagnosis uses, as plain data, including the questions without an answer.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Peer, ProbeAnswer};
use crate::error::{ConfigFault, Conflict, PullFault};
use crate::model::observed::{ContainerState, Readiness};

/// All collected facts.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The engine; `None` if it does not answer, with the reason in `unanswered`.
    pub engine: Option<EngineFacts>,
    /// The image of each service, and whether it can be used.
    pub images: Vec<ImageFacts>,
    /// Ports and names that are used by other programs or stacks.
    pub conflicts: Vec<Conflict>,
    /// The configuration folder.
    pub folder: FolderFacts,
    /// The number of configuration files on the disk.
    pub files: usize,
    /// The errors in these files.
    pub faults: Vec<ConfigFault>,
    /// The services; empty if the stack has no container.
    pub services: Vec<ServiceFacts>,
    /// Whether `--web.enable-lifecycle` is set, so that any web page can stop Prometheus.
    pub lifecycle: bool,
    /// The addresses that alerts link to.
    pub links: Vec<Link>,
    /// The bridge of the stack's network on the host, such as `br-0123456789ab`.
    pub bridge: Option<String>,
    /// The user's programs that the stack must reach.
    pub peers: Vec<Peer>,
    /// The questions without an answer.
    pub unanswered: Vec<Unanswered>,
}

/// What the engine reports about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// The address, and the setting that it comes from.
    pub address: String,
    /// Whether the engine runs on this machine.
    pub is_local: bool,
    /// The engine's version, such as `20.10.24`.
    pub version: String,
    /// The version of its API.
    pub api: String,
    /// Whether it is the engine of Docker Desktop.
    pub is_desktop: bool,
    /// Whether it runs without root privileges.
    pub is_rootless: bool,
    /// The engine's data folder.
    pub data_root: String,
    /// The free space in that folder, if it is known.
    pub space: Option<Space>,
    /// The engine's warnings.
    pub warnings: Vec<String>,
}

/// The free space on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The free bytes.
    pub free: u64,
}

/// An image that the stack needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The service that uses it.
    pub service: String,
    /// The image reference.
    pub reference: String,
    /// Where the image is available.
    pub state: ImageState,
}

/// Where an image is available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// The engine has it.
    Here,
    /// The registry has it.
    Pullable,
    /// The registry does not provide it.
    Nowhere {
        /// The kind of failure.
        fault: PullFault,
        /// The registry's answer.
        reason: String,
    },
}

/// The configuration folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderFacts {
    /// The path.
    pub path: PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// Why the folder is not writable, if it is not.
    pub problem: Option<String>,
}

/// A service of a stack that has at least one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The service's name.
    pub name: String,
    /// The state of its container, if there is one.
    pub state: Option<ContainerState>,
    /// The result of its readiness probe.
    pub readiness: Readiness,
    /// The address that its port is published on.
    pub address: Option<SocketAddr>,
    /// The scrape result in Prometheus; `None` if Prometheus has no such target or does not answer.
    pub scrape: Option<super::Scrape>,
    /// The answer to a request from the probing container, if there was one.
    pub inside: Option<ProbeAnswer>,
}

/// An address that alerts link to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Whether a server answers there.
    pub answers: bool,
    /// The address that it should be.
    pub wanted: Option<String>,
}

/// A question without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The check that the question belongs to.
    pub check: &'static str,
    /// The error with its causes.
    pub what: String,
    /// The fix.
    pub hint: Option<String>,
}
