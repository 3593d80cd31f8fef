//! Decides whether the ports that an engine publishes on loopback are on this program's loopback.
//!
//! Reads nothing: `engine/locality.rs` collects the facts.

use std::net::IpAddr;

use super::Address;
use crate::ports::Program;

/// Programs that listen on an engine's socket and are the engine, or started it.
const ENGINES: [&str; 4] = ["dockerd", "podman", "rootlesskit", "systemd"];
/// The beginnings of the names of programs that forward sockets from another machine.
const FORWARDERS: [&str; 4] = ["ssh", "dbclient", "dropbear", "plink"];

/// Where an engine publishes its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locality {
    /// On this machine, in this program's network.
    Here,
    /// Elsewhere, for this reason.
    Elsewhere(Elsewhere),
}

/// The reason why an engine's loopback is not this program's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// The engine's address belongs to another machine.
    #[error("the engine's address belongs to another machine")]
    OtherMachine,
    /// The engine listens in another network namespace.
    #[error(
        "the engine listens in another network namespace, for example because this program runs inside a container"
    )]
    OtherNetwork,
    /// A program such as ssh forwards the engine's socket.
    #[error("{0} forwards the socket of an engine on another machine")]
    Forwarded(Program),
    /// The engine reports the name of another machine.
    #[error("the engine runs on machine `{0}`, not on this machine")]
    OtherName(String),
    /// The engine's machine is unknown.
    #[error("the engine does not report that it runs on this machine")]
    Unknown,
}

/// Facts about the program that listens on an engine's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// Whether it listens in this program's network namespace, if known.
    pub shares_network: Option<bool>,
    /// The program, if visible.
    pub program: Option<Program>,
    /// Whether `RootlessKit` publishes its ports in this program's network namespace.
    pub is_published_here: bool,
}

/// The identity of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The host name.
    pub name: String,
    /// The memory in bytes, if known.
    pub memory: Option<i64>,
    /// Whether it is a virtual machine whose published ports are forwarded to the loopback of its host.
    pub is_forwarded_here: bool,
}

impl Listener {
    /// Returns where the engine publishes its ports, or `None` if only the engine itself can report it.
    pub fn locality(&self) -> Option<Locality> {
        let name = self.program.as_ref().map_or("", |program| program.name.as_str());
        match (self.shares_network, &self.program) {
            (Some(false), _) if self.is_published_here => Some(Locality::Here),
            (Some(false), _) => Some(Locality::Elsewhere(Elsewhere::OtherNetwork)),
            (_, Some(program)) if FORWARDERS.iter().any(|beginning| name.starts_with(beginning)) => {
                Some(Locality::Elsewhere(Elsewhere::Forwarded(program.clone())))
            }
            (Some(true), _) if ENGINES.contains(&name) => Some(Locality::Here),
            _ => None,
        }
    }
}

impl Machine {
    /// Returns where an engine that reports this machine publishes its ports, as seen from the machine `this`.
    pub fn locality(self, this: &Self) -> Locality {
        let is_this = !self.name.is_empty()
            && self.name == this.name
            && (this.memory.is_none() || self.memory == this.memory);
        if self.is_forwarded_here || is_this {
            return Locality::Here;
        }
        let named = !self.name.is_empty();
        Locality::Elsewhere(if named { Elsewhere::OtherName(self.name) } else { Elsewhere::Unknown })
    }
}

impl Locality {
    /// Returns the host by which a port that the engine publishes on the address `on` is reached, or `None`
    /// if the port is not reachable from here. `is_own` returns whether this machine has an address.
    pub fn host(&self, engine: &Address, on: IpAddr, is_own: impl FnOnce(IpAddr) -> bool) -> Option<String> {
        let on = on.to_canonical();
        let named = match engine {
            Address::Unix(_) => None,
            Address::Tcp { host, .. } => Some(host.clone()),
        };
        match self {
            Self::Here if on.is_unspecified() => Some(named.unwrap_or_else(|| "127.0.0.1".into())),
            Self::Elsewhere(Elsewhere::OtherMachine) if on.is_unspecified() => named,
            // An address that this machine has too would lead to this machine.
            Self::Elsewhere(_) if on.is_unspecified() || on.is_loopback() || is_own(on) => None,
            Self::Here | Self::Elsewhere(_) => Some(on.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(shares_network: impl Into<Option<bool>>, name: &str) -> Listener {
        let program = (!name.is_empty()).then(|| Program { name: name.into(), pid: 7 });
        Listener { shares_network: shares_network.into(), program, is_published_here: false }
    }

    #[test]
    fn engine_is_here_only_in_this_network() {
        let here = Some(Locality::Here);
        let other = Some(Locality::Elsewhere(Elsewhere::OtherNetwork));
        for name in ["dockerd", "systemd", "podman"] {
            assert_eq!(listener(true, name).locality(), here, "{name}");
            assert_eq!(listener(false, name).locality(), other, "{name}");
        }
        // A process of another PID namespace is not visible.
        assert_eq!(listener(false, "").locality(), other);
        let rootless = Listener { is_published_here: true, ..listener(false, "dockerd") };
        assert_eq!(rootless.locality(), here);
    }

    #[test]
    fn forwarded_socket_is_elsewhere() {
        for name in ["ssh", "sshd", "sshd-session", "dbclient"] {
            for shares_network in [Some(true), None] {
                let found = listener(shares_network, name).locality().unwrap();
                let Locality::Elsewhere(Elsewhere::Forwarded(program)) = found else { panic!("{found:?}") };
                assert_eq!(program.to_string(), format!("{name} (process 7)"));
            }
        }
    }

    #[test]
    fn inconclusive_listener_has_no_locality() {
        for unclear in
            [listener(true, "socat"), listener(true, ""), listener(None, "dockerd"), listener(None, "")]
        {
            assert_eq!(unclear.locality(), None, "{unclear:?}");
        }
    }

    #[test]
    fn machine_is_here_only_with_this_identity() {
        let machine =
            |name: &str, memory, is_forwarded_here| Machine { name: name.into(), memory, is_forwarded_here };
        let this = machine("box", Some(8), false);
        let other = |name: &str| Locality::Elsewhere(Elsewhere::OtherName(name.into()));
        for (engine, expected) in [
            (machine("box", Some(8), false), Locality::Here),
            (machine("box", Some(9), false), other("box")),
            (machine("far", Some(8), false), other("far")),
            (machine("docker-desktop", Some(4), true), Locality::Here),
            (machine("", Some(8), false), Locality::Elsewhere(Elsewhere::Unknown)),
        ] {
            assert_eq!(engine.clone().locality(&this), expected, "{engine:?}");
        }
        let without_memory = machine("box", None, false);
        assert_eq!(machine("box", Some(8), false).locality(&without_memory), Locality::Here);
    }

    #[test]
    fn ports_of_another_machine_are_never_local() {
        let unix = Address::Unix("/run/docker.sock".into());
        let tcp = Address::Tcp { host: "far".into(), port: 2375 };
        let other = Locality::Elsewhere(Elsewhere::OtherMachine);
        let forwarded = Locality::Elsewhere(Elsewhere::Unknown);
        for (locality, engine, on, expected) in [
            (&Locality::Here, &unix, "127.0.0.1", Some("127.0.0.1")),
            (&Locality::Here, &unix, "0.0.0.0", Some("127.0.0.1")),
            (&Locality::Here, &unix, "192.0.2.1", Some("192.0.2.1")),
            (&Locality::Here, &tcp, "0.0.0.0", Some("far")),
            (&other, &tcp, "0.0.0.0", Some("far")),
            (&other, &tcp, "127.0.0.1", None),
            (&other, &tcp, "::ffff:127.0.0.1", None),
            (&other, &tcp, "::1", None),
            (&other, &tcp, "192.0.2.1", Some("192.0.2.1")),
            (&forwarded, &tcp, "0.0.0.0", None),
            (&forwarded, &unix, "::", None),
            (&forwarded, &unix, "192.0.2.1", Some("192.0.2.1")),
            (&forwarded, &unix, "192.0.2.9", None),
        ] {
            let is_own = |ip: IpAddr| ip.to_string() == "192.0.2.9";
            let found = locality.host(engine, on.parse().unwrap(), is_own);
            assert_eq!(found.as_deref(), expected, "{locality:?} {engine} {on}");
        }
    }
}
