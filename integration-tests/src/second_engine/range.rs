//! The addresses of a second engine's networks, and the packet filter rule that they need.
//!
//! No rule affects any other address.

use std::fmt;

use super::command::run;

/// A part of 198.18.0.0/15, which is reserved for network tests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// The number of the part.
    pub(super) number: u32,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/22", self.address(0))
    }
}

impl Range {
    /// The number of ranges, each with 4 × 256 addresses.
    const COUNT: u32 = 128;

    /// Returns every range once, starting at an index that depends on the number.
    pub(super) fn all_from(number: u32) -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(move |step| Self { number: (number % Self::COUNT + step) % Self::COUNT })
    }

    /// Returns the address of the host for containers: the bridge of the first network.
    pub(super) fn gateway(self) -> String {
        self.address(1)
    }

    /// Returns the name of the bridge that replaces `docker0`.
    pub(super) fn bridge(self) -> String {
        format!("tdd-engine-{}", self.number)
    }

    /// Creates the bridge with an address that the engine's networks use last.
    ///
    /// # Errors
    /// A command that creates it fails.
    pub(super) fn make_bridge(self) -> Result<(), String> {
        let (name, address) = (self.bridge(), format!("{}/27", self.last_network()));
        run("ip", &["link", "add", &name, "type", "bridge"])?;
        run("ip", &["address", "add", &address, "dev", &name])?;
        run("ip", &["link", "set", &name, "up"]).map(drop)
    }

    /// Returns whether an interface of this machine has an address of the range.
    pub(super) fn is_taken(self) -> bool {
        !self.interfaces().is_empty()
    }

    /// Returns the interfaces with an address of the range.
    pub(super) fn interfaces(self) -> Vec<String> {
        let listed = run("ip", &["-oneline", "-4", "address", "show", "to", &self.to_string()]);
        let listed = listed.unwrap_or_default();
        listed.lines().filter_map(|line| line.split_whitespace().nth(1)).map(ToString::to_string).collect()
    }

    /// Allows traffic between containers of the range, which the machine's engine would drop.
    ///
    /// # Errors
    /// The rule cannot be written.
    pub(super) fn admit(self) -> Result<(), String> {
        // Engines leave the chain DOCKER-USER to the administrator; without it no engine drops packets.
        if run("iptables", &["--wait", "--list-rules", "DOCKER-USER"]).is_err() {
            return Ok(());
        }
        self.rule("--insert").map(drop)
    }

    /// Removes every copy of the rule.
    pub(super) fn expel(self) {
        for _ in 0..Self::COUNT {
            if self.rule("--delete").is_err() {
                return;
            }
        }
    }

    fn rule(self, verb: &str) -> Result<String, String> {
        let range = self.to_string();
        let from_and_to = ["--source", &range, "--destination", &range];
        let remark = ["--match", "comment", "--comment", "second engine of a test of tdd-stack"];
        let accept = ["--jump", "ACCEPT"];
        run(
            "iptables",
            &[&["--wait", verb, "DOCKER-USER"], from_and_to.as_slice(), &remark, &accept].concat(),
        )
    }

    fn address(self, last: u32) -> String {
        format!("198.{}.{}.{last}", 18 + self.number / 64, self.number % 64 * 4)
    }

    /// Returns the name of the network namespace of a remote engine.
    pub(super) fn namespace(self) -> String {
        format!("tdd-engine-{}", self.number)
    }

    /// Returns the addresses of both ends of the link to a remote engine: this machine's first.
    pub(super) fn wire(self) -> (String, String) {
        let near = self.last_network();
        let far = near.replace(".225", ".226");
        (near, far)
    }

    fn last_network(self) -> String {
        format!("198.{}.{}.225", 18 + self.number / 64, self.number % 64 * 4 + 3)
    }
}
