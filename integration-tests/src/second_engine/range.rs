//! The addresses of a second engine's networks, and the one rule of the packet filter that they need.
//!
//! Never writes a rule for any other address.

use std::fmt;

use super::command::run;

/// A part of 198.18.0.0/15, which is set apart for tests of networks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Which of the parts.
    pub(super) number: u32,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/22", self.address(0))
    }
}

impl Range {
    /// How many ranges of four times 256 addresses there are.
    const COUNT: u32 = 128;

    /// Returns every range once, beginning at a place that depends on the number.
    pub(super) fn all_from(number: u32) -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(move |step| Self { number: (number % Self::COUNT + step) % Self::COUNT })
    }

    /// Returns the address by which containers are to reach the host: that of the first network's bridge.
    pub(super) fn gateway(self) -> String {
        self.address(1)
    }

    /// Returns the name of the bridge that the engine has in the place of `docker0`.
    pub(super) fn bridge(self) -> String {
        format!("tdd-engine-{}", self.number)
    }

    /// Makes that bridge, with an address that the engine's other networks come to last.
    ///
    /// # Errors
    /// The machine does not let it be made.
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

    /// Returns the interfaces that have an address of the range.
    pub(super) fn interfaces(self) -> Vec<String> {
        let listed = run("ip", &["-oneline", "-4", "address", "show", "to", &self.to_string()]);
        let listed = listed.unwrap_or_default();
        listed.lines().filter_map(|line| line.split_whitespace().nth(1)).map(ToString::to_string).collect()
    }

    /// Lets containers of the range reach one another, where the machine's engine would drop that.
    ///
    /// # Errors
    /// The rule cannot be written.
    pub(super) fn admit(self) -> Result<(), String> {
        // The chain that engines leave to the administrator; where it is missing no engine drops anything.
        if run("iptables", &["--wait", "--list-rules", "DOCKER-USER"]).is_err() {
            return Ok(());
        }
        self.rule("--insert").map(drop)
    }

    /// Takes the rule back, as often as it is there.
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

    /// Returns the name of the network namespace of an engine that is elsewhere.
    pub(super) fn namespace(self) -> String {
        format!("tdd-engine-{}", self.number)
    }

    /// Returns the addresses of both ends of the wire to an engine that is elsewhere: this machine's and its.
    pub(super) fn wire(self) -> (String, String) {
        let near = self.last_network();
        let far = near.replace(".225", ".226");
        (near, far)
    }

    fn last_network(self) -> String {
        format!("198.{}.{}.225", 18 + self.number / 64, self.number % 64 * 4 + 3)
    }
}
