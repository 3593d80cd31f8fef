//! Recognises messages of engines and registries for which the API has no distinct code.
//!
//! Only this file knows their wording: other code asks for a meaning. Each row names the source of its
//! phrase, for an engine with the versions and the HTTP status.

#[cfg(test)]
mod tests;

use crate::error::PullFault;
use crate::model::pull_progress::LayerState;

/// A condition that an engine reports only in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Another container has the name.
    NameTaken,
    /// Another request is removing the container.
    BeingRemoved,
    /// The container is partially removed.
    HalfRemoved,
    /// Containers are attached to the network.
    NetworkInUse,
    /// The mount on the host does not propagate mounts.
    NoPropagation,
    /// The engine has no address for `host-gateway`.
    NoHostGateway,
    /// A port of the host is taken.
    PortTaken,
    /// The program is built for another processor.
    OtherProcessor,
}

/// Phrases in lower case. `…` matches any text.
const ENGINE: [(Meaning, &str, &str); 12] = [
    (
        Meaning::NameTaken,
        "the container name … is already in use by",
        "Docker 20.10 to 29 (409), Podman 4 and 5 (500)",
    ),
    (Meaning::BeingRemoved, "removal of container … is already in progress", "Docker 20.10 to 29 (409)"),
    (Meaning::HalfRemoved, "rwlayer of container … is unexpectedly nil", "Docker 20.10 to 29 (500)"),
    (Meaning::HalfRemoved, "is marked for removal", "Docker 20.10 to 29 (409, 500)"),
    (Meaning::NetworkInUse, "has active endpoints", "Docker 20.10 to 29 (403)"),
    (Meaning::NetworkInUse, "has associated containers with it", "Podman 4 and 5 (500)"),
    (Meaning::NoPropagation, "is not a shared or slave mount", "Docker 20.10 to 29 (500)"),
    (Meaning::NoHostGateway, "unable to derive the ip value for host-gateway", "Docker 20.10 to 29 (500)"),
    (Meaning::NoHostGateway, "host containers internal ip address is empty", "Podman 5 (500)"),
    (Meaning::PortTaken, "port is already allocated", "Docker 20.10 to 29 (500)"),
    (Meaning::PortTaken, "address already in use", "Docker 20.10 to 29, Podman 4 and 5 (500)"),
    (Meaning::OtherProcessor, "exec format error", "Linux through runc and crun, in answers (400) and logs"),
];

/// The image store of the graph drivers: the only one in Docker 20.10, and still available in Docker 29.
const DOCKER: &str = "Docker 20.10 to 29, graph drivers";
const CONTAINERD: &str = "Docker 28 and 29, containerd's image store";
const REGISTRY: &str = "registries, passed on by Docker 20.10 to 29";
const NETWORK: &str = "Go's standard library in Docker 20.10 to 29";

/// Phrases about pulls. The first match counts, so causes come before their consequences.
const PULL: [(PullFault, &str, &str); 42] = [
    (PullFault::NoSpace, "no space left on device", "Linux, passed on by Docker 20.10 to 29"),
    (PullFault::OtherPlatform, "no matching manifest for", DOCKER),
    (PullFault::OtherPlatform, "no match for platform", CONTAINERD),
    (PullFault::RateLimited, "toomanyrequests", REGISTRY),
    (PullFault::RateLimited, "too many requests", CONTAINERD),
    (PullFault::RateLimited, "http 429", DOCKER),
    (PullFault::Unauthorized, "http 401", DOCKER),
    (PullFault::Damaged, "verification failed", DOCKER),
    (PullFault::Damaged, "unexpected commit digest", CONTAINERD),
    (PullFault::Damaged, "failed size validation", CONTAINERD),
    (PullFault::Damaged, "unexpected eof", NETWORK),
    (PullFault::Damaged, "unexpected end of json input", NETWORK),
    (PullFault::Damaged, "unknown blob", REGISTRY),
    (PullFault::Damaged, "expected http 206", DOCKER),
    (PullFault::Unauthorized, "unauthorized", REGISTRY),
    (PullFault::Unauthorized, "no basic auth credentials", DOCKER),
    (PullFault::Unauthorized, "authentication required", REGISTRY),
    (PullFault::Denied, "denied", REGISTRY),
    (PullFault::Denied, "403 forbidden", CONTAINERD),
    (PullFault::Denied, "http 403", DOCKER),
    (PullFault::Unavailable, "http status: 5", DOCKER),
    (PullFault::Unavailable, "http 5", DOCKER),
    (PullFault::Unavailable, "500 internal server error", CONTAINERD),
    (PullFault::Unavailable, "502 bad gateway", CONTAINERD),
    (PullFault::Unavailable, "503 service unavailable", CONTAINERD),
    (PullFault::Unavailable, "504 gateway timeout", CONTAINERD),
    (PullFault::Unavailable, "failed after attempts", DOCKER),
    (PullFault::Unreachable, "connection refused", NETWORK),
    (PullFault::Unreachable, "connection reset", NETWORK),
    (PullFault::Unreachable, "no such host", NETWORK),
    (PullFault::Unreachable, "no route to host", NETWORK),
    (PullFault::Unreachable, "network is unreachable", NETWORK),
    (PullFault::Unreachable, "timeout", NETWORK),
    (PullFault::Unreachable, "deadline exceeded", NETWORK),
    (PullFault::Unreachable, "x509:", NETWORK),
    (PullFault::Unreachable, "tls:", NETWORK),
    (PullFault::Unreachable, "http response to https client", NETWORK),
    (PullFault::Unreachable, ": eof", NETWORK),
    (PullFault::NotFound, "manifest unknown", REGISTRY),
    (PullFault::NotFound, "name unknown", REGISTRY),
    (PullFault::NotFound, "not found", CONTAINERD),
    (PullFault::NotFound, "http 404", DOCKER),
];

/// The words for the state of a layer, in Docker 20.10 to 29 and Podman 4 and 5.
const LAYER: [(LayerState, &str); 8] = [
    (LayerState::Announced, "Pulling fs layer"),
    (LayerState::Waiting, "Waiting"),
    (LayerState::Downloading, "Downloading"),
    (LayerState::Verifying, "Verifying Checksum"),
    (LayerState::Downloaded, "Download complete"),
    (LayerState::Extracting, "Extracting"),
    (LayerState::Pulled, "Pull complete"),
    (LayerState::Present, "Already exists"),
];

/// The beginning of the last line of a successful pull, in Docker 20.10 to 29. Podman has no such line.
const PULL_END: &str = "Status: ";

/// The operating system that Docker Desktop reports.
const DESKTOP: &str = "Docker Desktop";

/// The operating system that `OrbStack` reports.
const ORBSTACK: &str = "OrbStack";

/// The beginning of the warnings of `/info`, in Docker 20.10 to 29.
const WARNING: &str = "WARNING: ";

impl Meaning {
    /// Returns whether an engine's answer or a log line has this meaning.
    pub fn is_in(self, text: &str) -> bool {
        let text = text.to_lowercase();
        ENGINE.iter().any(|(meaning, phrase, _)| *meaning == self && has(&text, phrase))
    }
}

/// Returns the fault that an engine's answer to a pull reports.
pub fn pull_fault(text: &str) -> PullFault {
    let text = text.to_lowercase();
    // Docker 20.10 reports nothing else about a layer that ends early.
    if text.trim() == "eof" {
        return PullFault::Damaged;
    }
    PULL.iter().find(|(_, phrase, _)| has(&text, phrase)).map_or(PullFault::Other, |(fault, ..)| *fault)
}

/// Returns the layer state that a word represents, or `None` for a word that is not about a layer.
pub fn layer_state(word: &str) -> Option<LayerState> {
    LAYER.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
}

/// Returns whether a line is the last one of a successful pull.
pub fn ends_a_pull(line: &str) -> bool {
    line.starts_with(PULL_END)
}

/// Returns whether an engine's operating system is a virtual machine on the user's machine that forwards
/// published ports to the loopback of the user's machine.
pub fn forwards_ports(system: &str) -> bool {
    is_desktop(system) || system == ORBSTACK
}

/// Returns whether an engine's operating system is Docker Desktop.
pub fn is_desktop(system: &str) -> bool {
    system == DESKTOP
}

/// Returns the text of an engine's warning without its prefix.
pub fn warning(text: &str) -> &str {
    text.strip_prefix(WARNING).unwrap_or(text)
}

/// Returns whether a text contains all parts of a phrase, in their order.
fn has(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    phrase.split('…').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
