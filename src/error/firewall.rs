//! A firewall that keeps the containers of a stack from one another.

use super::Source;

/// A firewall drops what passes between the containers of a stack.
#[derive(Debug, thiserror::Error)]
#[error("`{from}` gets no answer from `{to}`: {}", fault(.network))]
pub struct Firewall {
    /// The service that asked.
    pub from: String,
    /// The service that was asked, with its port.
    pub to: String,
    /// The network of both.
    pub network: String,
    /// The host's end of that network, where it is known.
    pub bridge: Option<String>,
    /// What the command that asked said last.
    pub source: Source,
}

impl Firewall {
    /// Returns what to do next.
    pub(super) fn hint(&self) -> String {
        fix(self.bridge.as_deref())
    }
}

/// Returns the cause of a silence between containers.
pub fn fault(network: &str) -> String {
    format!(
        "a firewall (iptables) on the engine's host drops what passes between the containers of `{network}`"
    )
}

/// Returns the fix of a silence between containers; `bridge` is the host's end of their network.
pub fn fix(bridge: Option<&str>) -> String {
    let bridge = bridge.unwrap_or("BRIDGE");
    format!(
        "on the engine's host, `sudo iptables -I FORWARD -i {bridge} -o {bridge} -j ACCEPT` lets it pass; if the rules \
         of Docker are gone, `sudo systemctl restart docker` restores them"
    )
}
