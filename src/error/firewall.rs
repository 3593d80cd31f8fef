//! A firewall that blocks traffic between the containers of a stack.

use super::Source;

/// A firewall drops the packets between the containers of a stack.
#[derive(Debug, thiserror::Error)]
#[error("`{from}` gets no answer from `{to}`: {}", fault(.network))]
pub struct Firewall {
    /// The service that sent the request.
    pub from: String,
    /// The service that did not answer, with its port.
    pub to: String,
    /// The network of both services.
    pub network: String,
    /// The bridge of that network on the engine's host, if it is known.
    pub bridge: Option<String>,
    /// The last line of the command that sent the request.
    pub source: Source,
}

impl Firewall {
    /// Returns the hint.
    pub(super) fn hint(&self) -> String {
        fix(self.bridge.as_deref())
    }
}

/// Returns the cause of dropped packets between the containers of a network.
pub fn fault(network: &str) -> String {
    format!("a firewall (iptables) on the engine's host drops packets between the containers of `{network}`")
}

/// Returns the fix for dropped packets; `bridge` is the bridge of the network on the engine's host.
pub fn fix(bridge: Option<&str>) -> String {
    let bridge = bridge.unwrap_or("BRIDGE");
    format!(
        "on the engine's host, allow the traffic: `sudo iptables -I FORWARD -i {bridge} -o {bridge} -j ACCEPT`; if \
         Docker's own rules are missing, `sudo systemctl restart docker` restores them"
    )
}
