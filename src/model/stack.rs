//! The stack as it should be: services, network, volumes, files. Plain data, built from [`Settings`].
//!
//! Never does I/O: same settings, same stack.
//!
//! [`Settings`]: crate::config::settings::Settings

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::settings::{HostPort, Password};
use crate::docker::image_reference::ImageReference;

/// The label that says to which stack an object belongs.
pub const LABEL_STACK: &str = "tdd-stack.stack";
/// The label that says which service a container runs.
pub const LABEL_SERVICE: &str = "tdd-stack.service";
/// The label that holds the hash of a container's specification.
pub const LABEL_SPEC: &str = "tdd-stack.spec";
/// The label that holds the version of the program that made an object.
pub const LABEL_VERSION: &str = "tdd-stack.version";
/// The label that says whether a volume keeps data or holds uploaded configuration.
pub const LABEL_VOLUME: &str = "tdd-stack.volume";
/// The label that names what the engine refused and the container therefore lacks.
pub const LABEL_WITHOUT: &str = "tdd-stack.without";
/// The file beside uploaded ones that says which of them the service goes by.
pub const LOADED_CHECKSUM: &str = ".tdd-stack.loaded";
/// What the name of a file begins with that marks a dashboard as it was imported; its uid follows.
pub const DASHBOARD_MARK: &str = ".tdd-stack.dashboard.";
/// Stands for the published port in arguments and variables, since it may be chosen late.
pub const HOST_PORT: &str = "{host-port}";
/// What the name of a container ends in that is kept while a new one takes its place.
pub const SET_ASIDE: &str = "-set-aside";
/// The label of the container that keeps others from changing the stack, with its holder.
pub const LABEL_LOCK: &str = "tdd-stack.lock";
/// The label of that container which tells its holder's process, where the system shows processes.
pub const LABEL_LOCK_PROCESS: &str = "tdd-stack.lock.process";
/// The label of that container which its holder alone can have given.
pub const LABEL_LOCK_TOKEN: &str = "tdd-stack.lock.token";
/// The label of short-lived containers that check files; never a service.
pub const LABEL_CHECK: &str = "tdd-stack.check";
/// The label of the container that stands for a restore that has begun, with the volumes that it fills.
pub const LABEL_RESTORE: &str = "tdd-stack.restore";

/// Everything that should exist.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The stack's name, the first part of every object's name.
    pub name: String,
    /// The services, in the order in which they are shown.
    pub services: Vec<Service>,
    /// The configuration folder, as the user sees it.
    pub folder: PathBuf,
    /// Every file of that folder, delivered or not.
    pub files: Vec<ConfigFile>,
    /// What Grafana's data sources should be.
    pub data_sources: Vec<DataSource>,
    /// The dashboards to import.
    pub dashboards: Vec<Dashboard>,
    /// The user name and password of Grafana.
    pub login: Login,
}

/// One service, which is one container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    /// Its name, which is its network alias too.
    pub name: &'static str,
    /// The image it runs.
    pub image: ImageReference,
    /// The program and its first arguments in the place of the image's entry point; empty keeps that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<&'static str>,
    /// The arguments after the entry point.
    pub command: Vec<String>,
    /// Environment variables; everybody who may ask the engine reads them, so no secret is among them.
    pub environment: BTreeMap<String, String>,
    /// The one published port.
    pub port: Port,
    /// Volumes and host folders.
    pub mounts: Vec<Mount>,
    /// Names beyond the network's own that the container must resolve.
    pub extra_hosts: BTreeMap<String, HostAddress>,
    /// The host name inside the container, where it shows in data.
    pub hostname: Option<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Paths that are in memory.
    pub temporary: Vec<String>,
    /// What it may use at most.
    pub limits: Limits,
    /// Seconds to wait for a clean stop before the container is killed.
    pub stop_seconds: u32,
    /// Where its files go, and how they are checked and re-read.
    #[serde(skip)]
    pub config: Option<ServiceConfig>,
    /// The file in which it finds the password of the stack's login at its first start.
    pub password_file: Option<PasswordFile>,
    /// How one sees that it is ready.
    #[serde(skip)]
    pub probe: Probe,
    /// The job by which Prometheus observes it.
    #[serde(skip)]
    pub scrape_job: &'static str,
}

/// What a container may use at most, so that the monitor never takes the machine that it monitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Memory in mebibytes; the engine ends what needs more, and starts it again.
    pub memory_mebibytes: u32,
    /// Processes and threads.
    pub processes: u32,
}

/// The port that a service publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The port inside the container.
    pub container: u16,
    /// The port on the host.
    pub host: HostPort,
    /// The host's address.
    pub bind: IpAddr,
}

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Mount {
    /// A named volume that keeps the service's data.
    Data {
        /// The volume's name.
        volume: String,
        /// The path inside the container.
        target: &'static str,
    },
    /// A named volume that holds uploaded configuration.
    Config {
        /// The volume's name.
        volume: String,
        /// The path inside the container.
        target: &'static str,
    },
    /// A folder of the engine's host, read-only.
    Host {
        /// The path on the host.
        source: &'static str,
        /// The path inside the container.
        target: &'static str,
        /// Whether mounts made later on the host should appear inside.
        follow: Follow,
    },
}

/// Whether mounts made later on the host should appear inside a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Follow {
    /// No.
    Private,
    /// Yes, where the engine can.
    Slave,
}

/// An address that an extra host name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HostAddress {
    /// The engine's host as its containers see it.
    Gateway,
    /// This address.
    Address(IpAddr),
}

/// A service's configuration files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The folder inside the container, which is a volume.
    pub folder: &'static str,
    /// The delivered files, by name.
    pub files: Vec<&'static str>,
    /// The commands that check them, run in the service's own image.
    pub checks: Vec<CheckCommand>,
    /// What its metrics about the last reload begin with.
    pub metrics_prefix: &'static str,
    /// Whether a quicker version of its files shortens the way to a proof.
    pub quick_start: bool,
}

/// The place of a password inside a container; never the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordFile {
    /// The folder, which is a volume.
    pub folder: &'static str,
    /// The file's name.
    pub name: &'static str,
}

/// A command that checks configuration files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckCommand {
    /// The program and its arguments.
    pub command: Vec<&'static str>,
    /// The files it reads beyond the delivered ones.
    pub extra_files: Vec<&'static str>,
    /// When it runs.
    pub when: When,
}

/// When a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before an edited file is applied, and on request.
    BeforeApply,
    /// On request only.
    OnRequest,
}

impl CheckCommand {
    /// Returns the check's name: the program and its sub-command.
    pub fn title(&self) -> String {
        let words: Vec<&str> =
            self.command.iter().copied().take_while(|word| !word.starts_with('/')).collect();
        words.join(" ")
    }

    /// Returns the name of the file that a fault means where it names none: the last argument.
    pub fn main_file(&self) -> &'static str {
        let last = self.command.last().copied().unwrap_or_default();
        last.rsplit_once('/').map_or(last, |(_, name)| name)
    }
}

/// How one sees from outside that a service is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The path to ask for.
    pub path: &'static str,
    /// The answer that means ready.
    pub expect: Expect,
}

/// The answer that means ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Status 200.
    Ok,
    /// Status 200 and `"database": "ok"`.
    DatabaseOk,
}

/// A file of the configuration folder, as shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// The file's name.
    pub name: &'static str,
    /// Its shipped content.
    pub content: Cow<'static, str>,
}

/// A data source of Grafana.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    /// Its fixed uid.
    pub uid: &'static str,
    /// What is sent to Grafana's API.
    pub body: serde_json::Value,
}

/// A dashboard to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// Its fixed uid.
    pub uid: &'static str,
    /// The file that holds it.
    pub file: &'static str,
}

/// A user name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Password,
}

impl Stack {
    /// Returns the name of a service's container.
    pub fn container(&self, service: &str) -> String {
        format!("{}-{service}", self.name)
    }

    /// Returns the name under which a service's container is kept while a new one takes its place.
    pub fn set_aside(&self, service: &str) -> String {
        format!("{}{SET_ASIDE}", self.container(service))
    }

    /// Returns the name of the container that keeps two programs from changing the stack at once.
    pub fn lock_container(&self) -> String {
        format!("{}-lock", self.name)
    }

    /// Returns the name of the container that stands for a restore that has begun.
    pub fn restore_mark(&self) -> String {
        format!("{}-restore", self.name)
    }

    /// Returns the network's name.
    pub fn network(&self) -> String {
        format!("{}-monitoring", self.name)
    }

    /// Returns the service of that name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Returns the shipped file of that name.
    pub fn file(&self, name: &str) -> Option<&ConfigFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Returns the names of all volumes, in order.
    pub fn volumes(&self) -> Vec<&str> {
        self.services.iter().flat_map(Service::volumes).collect()
    }
}

impl Service {
    /// Returns the names of the volumes it mounts.
    pub fn volumes(&self) -> Vec<&str> {
        self.mounts
            .iter()
            .filter_map(|mount| match mount {
                Mount::Data { volume, .. } | Mount::Config { volume, .. } => Some(volume.as_str()),
                Mount::Host { .. } => None,
            })
            .collect()
    }

    /// Returns the URL by which other containers of the stack ask whether it is ready.
    pub fn inner_url(&self) -> String {
        format!("http://{}:{}{}", self.name, self.port.container, self.probe.path)
    }

    /// Returns the volume that keeps its data.
    pub fn data_volume(&self) -> Option<&str> {
        self.mounts.iter().find_map(|mount| match mount {
            Mount::Data { volume, .. } => Some(volume.as_str()),
            Mount::Config { .. } | Mount::Host { .. } => None,
        })
    }

    /// Returns the folder inside the container in which it keeps its data.
    pub fn data_folder(&self) -> Option<&'static str> {
        self.mounts.iter().find_map(|mount| match mount {
            Mount::Data { target, .. } => Some(*target),
            Mount::Config { .. } | Mount::Host { .. } => None,
        })
    }

    /// Returns the hash by which a container is known to be made to this specification.
    ///
    /// Contents of files are not in it: they are compared with what is inside the container.
    #[expect(clippy::missing_panics_doc, reason = "all keys are texts, all values have a form in JSON")]
    pub fn spec_hash(&self) -> String {
        let text = serde_json::to_string(self).expect("a specification has a form in JSON");
        sha256(text.as_bytes())
    }
}

impl Port {
    /// Returns the host's address and port, where the port is fixed.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.host {
            HostPort::Fixed(port) => Some(SocketAddr::new(self.bind, port)),
            HostPort::Auto => None,
        }
    }
}

/// Returns one hash for several files, each a name and a content.
pub fn fingerprint(files: &[(String, String)]) -> String {
    let hashes: Vec<String> =
        files.iter().map(|(name, content)| format!("{}  {name}\n", sha256(content.as_bytes()))).collect();
    sha256(hashes.concat().as_bytes())
}

/// Returns the SHA-256 of some bytes in lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
