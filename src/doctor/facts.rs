//! The facts that judgements rest on. Plain data; what could not be found out is a fact too.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Peer, ProbeAnswer};
use crate::error::{ConfigFault, Conflict, PullFault};
use crate::model::observed::{ContainerState, Readiness};

/// Everything that was found out.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The engine; `None` if it does not answer, and `unanswered` says why.
    pub engine: Option<EngineFacts>,
    /// Whether the engine has each service's image, or can get it.
    pub images: Vec<ImageFacts>,
    /// Ports and names that somebody else has.
    pub conflicts: Vec<Conflict>,
    /// The configuration folder.
    pub folder: FolderFacts,
    /// How many configuration files are on the disk.
    pub files: usize,
    /// The faults of these files.
    pub faults: Vec<ConfigFault>,
    /// The services, if any of the stack is there.
    pub services: Vec<ServiceFacts>,
    /// Whether any web page can stop Prometheus.
    pub lifecycle: bool,
    /// The places that alerts link to.
    pub links: Vec<Link>,
    /// The host's end of the stack's network, such as `br-0123456789ab`.
    pub bridge: Option<String>,
    /// The user's own programs that the stack must reach.
    pub peers: Vec<Peer>,
    /// The questions that had no answer.
    pub unanswered: Vec<Unanswered>,
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its address, and who named it.
    pub address: String,
    /// Whether it runs on this machine.
    pub is_local: bool,
    /// Its version, such as `20.10.24`.
    pub version: String,
    /// The version of the API that it speaks.
    pub api: String,
    /// Whether it is Docker Desktop's.
    pub is_desktop: bool,
    /// Whether it runs without root's rights.
    pub is_rootless: bool,
    /// The folder that holds its data.
    pub data_root: String,
    /// The space there, where that can be known.
    pub space: Option<Space>,
    /// What it warns of.
    pub warnings: Vec<String>,
}

/// The space on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that are free for use.
    pub free: u64,
}

/// An image that the stack needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFacts {
    /// The service that runs it.
    pub service: String,
    /// Its reference.
    pub reference: String,
    /// Where it is.
    pub state: ImageState,
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    /// The engine has it.
    Here,
    /// Its registry has it.
    Pullable,
    /// Its registry does not give it.
    Nowhere {
        /// Why.
        fault: PullFault,
        /// What was answered.
        reason: String,
    },
}

/// The configuration folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderFacts {
    /// Its path.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Why it cannot be written, if so.
    pub problem: Option<String>,
}

/// A service of a stack of which something is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// What its container does, if there is one.
    pub state: Option<ContainerState>,
    /// What it answers.
    pub readiness: Readiness,
    /// Where its port is published.
    pub address: Option<SocketAddr>,
    /// What Prometheus says of its target; `None` if Prometheus has none or cannot be asked.
    pub scrape: Option<super::Scrape>,
    /// What it answers to the container of the service that asks all others, if it was asked.
    pub inside: Option<ProbeAnswer>,
}

/// A place that alerts link to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The place.
    pub url: String,
    /// Whether anything answers there.
    pub answers: bool,
    /// Where it should lead.
    pub wanted: Option<String>,
}

/// A question that had no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The check that asked.
    pub check: &'static str,
    /// What went wrong, with its causes.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}
