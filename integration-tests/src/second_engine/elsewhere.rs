//! A network namespace for a second engine with one link to this machine and another host name.
//!
//! Listeners on the loopback of one side are not reachable on the loopback of the other.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::command::run;
use super::range::Range;

/// The host name of the namespace.
pub(super) const NAME: &str = "tdd-elsewhere";
/// The TCP port on which this machine reaches the engine too.
const PORT: u16 = 2375;

/// A network namespace that simulates another machine.
#[derive(Debug)]
pub(super) struct Elsewhere {
    range: Range,
    /// Relays from a port of the namespace to the registry of this machine.
    relays: Vec<Child>,
}

impl Elsewhere {
    /// Creates the namespace, the link, and the relay to the registry on this machine's loopback.
    ///
    /// # Errors
    /// A command that creates them fails.
    pub(super) fn make(range: Range, folder: &Path, relay: &Path, registry: &str) -> Result<Self, String> {
        let (name, near_end, far_end) = (range.namespace(), range.bridge(), "wire");
        let (near, far) = range.wire();
        run("ip", &["netns", "add", &name])?;
        run("ip", &["link", "add", &near_end, "type", "veth", "peer", "name", far_end, "netns", &name])?;
        run("ip", &["address", "add", &format!("{near}/27"), "dev", &near_end])?;
        run("ip", &["link", "set", &near_end, "up"])?;
        for arguments in [
            ["address", "add", &format!("{far}/27"), "dev", far_end].as_slice(),
            &["link", "set", far_end, "up"],
            &["link", "set", "lo", "up"],
        ] {
            run("ip", &[&["-netns", &name], arguments].concat())?;
        }
        let mut elsewhere = Self { range, relays: Vec::new() };
        let middle = format!("unix:{}", folder.join("registry.sock").display());
        let registry = format!("tcp:{registry}");
        let here: Vec<String> = Vec::new();
        for (prefix, from, to) in [(here, &middle, &registry), (elsewhere.enter(), &registry, &middle)] {
            let relay = relay.display().to_string();
            let mut command = prefix.into_iter().chain([relay, from.clone(), to.clone()]);
            let started = Command::new(command.next().unwrap_or_default())
                .args(command)
                .stdin(Stdio::null())
                .spawn()
                .map_err(|error| error.to_string())?;
            elsewhere.relays.push(started);
        }
        Ok(elsewhere)
    }

    /// Returns the address of the engine's machine.
    pub(super) fn address(&self) -> String {
        self.range.wire().1
    }

    /// Returns the command prefix that starts the engine in the namespace.
    pub(super) fn launcher(&self) -> Vec<String> {
        let named = format!("echo {NAME} > /proc/sys/kernel/hostname && exec \"$@\"");
        let words = ["unshare", "--uts", "sh", "-c", &named, "sh"];
        self.enter().into_iter().chain(words.map(String::from)).collect()
    }

    /// Returns the flags of an engine in the namespace, which has its own `docker0`.
    pub(super) fn flags(&self) -> Vec<String> {
        vec![
            "--bip".into(),
            format!("{}/27", self.range.gateway()),
            "--host".into(),
            format!("tcp://{}:{PORT}", self.address()),
        ]
    }

    /// Writes a script that runs a program in the namespace, and returns its path.
    pub(super) fn wrap(&self, folder: &Path, program: &str) -> PathBuf {
        let path = folder.join("on-its-machine");
        let text = format!("#!/bin/sh\nexec {} {program} \"$@\"\n", self.enter().join(" "));
        std::fs::write(&path, text).expect("the folder is writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("this user owns the file");
        path
    }

    fn enter(&self) -> Vec<String> {
        vec!["nsenter".into(), format!("--net=/run/netns/{}", self.range.namespace()), "--".into()]
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        for relay in &mut self.relays {
            drop(relay.kill());
            drop(relay.wait());
        }
    }
}
