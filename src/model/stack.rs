//! The desired state of a stack: services, network, volumes and files. Plain data, built from [`Settings`].
//!
//! It does no I/O: the same settings give the same stack.
//!
//! [`Settings`]: crate::config::settings::Settings

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::config::settings::{HostPort, Password};
use crate::docker::image_reference::ImageReference;

/// The label with the stack of an object.
pub const LABEL_STACK: &str = "tdd-stack.stack";
/// The label with the service of a container.
pub const LABEL_SERVICE: &str = "tdd-stack.service";
/// The hexadecimal digits that are kept of the hash of a field.
const FIELD_HASH: usize = 12;

/// The label with the hashes of a container's specification.
pub const LABEL_SPEC: &str = "tdd-stack.spec";
/// The label with the version of the program that created an object.
pub const LABEL_VERSION: &str = "tdd-stack.version";
/// The label of volumes: whether it keeps data or holds uploaded configuration.
pub const LABEL_VOLUME: &str = "tdd-stack.volume";
/// The label with the feature that a container lacks because the engine refused it.
pub const LABEL_WITHOUT: &str = "tdd-stack.without";
/// The file next to the uploaded ones that holds the checksum of the configuration that the service has
/// loaded.
pub const LOADED_CHECKSUM: &str = ".tdd-stack.loaded";
/// The prefix of the file that holds the checksums of an imported dashboard; the dashboard's uid follows.
pub const DASHBOARD_MARK: &str = ".tdd-stack.dashboard.";
/// The placeholder for the published port in arguments and variables, because the port may be chosen late.
pub const HOST_PORT: &str = "{host-port}";
/// The suffix of the name of a previous container, which is kept while a new one starts.
pub const SET_ASIDE: &str = "-set-aside";
/// The label of the lock's container, with the lock's holder.
pub const LABEL_LOCK: &str = "tdd-stack.lock";
/// The label of the lock's container with the process of its holder, if the system shows processes.
pub const LABEL_LOCK_PROCESS: &str = "tdd-stack.lock.process";
/// The label of the lock's container with a token that only its holder knows.
pub const LABEL_LOCK_TOKEN: &str = "tdd-stack.lock.token";
/// The label of short-lived containers that check files; never a service.
pub const LABEL_CHECK: &str = "tdd-stack.check";
/// The label of the container that represents a started restore, with the volumes that it fills.
pub const LABEL_RESTORE: &str = "tdd-stack.restore";

/// Everything that should exist.
#[derive(Clone, Debug)]
pub struct Stack {
    /// The name of the stack, which prefixes the name of each object.
    pub name: String,
    /// The services, in the order in which they are shown.
    pub services: Vec<Service>,
    /// The configuration folder, as the user sees it.
    pub folder: PathBuf,
    /// All files of that folder, delivered or not.
    pub files: Vec<ConfigFile>,
    /// The data sources of Grafana.
    pub data_sources: Vec<DataSource>,
    /// The dashboards to import.
    pub dashboards: Vec<Dashboard>,
    /// The user name and password of Grafana.
    pub login: Login,
}

/// A service, which is one container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    /// Its name and network alias.
    pub name: &'static str,
    /// The image that it runs.
    pub image: ImageReference,
    /// The program and its first arguments, which replace the image's entry point; empty keeps the entry
    /// point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<&'static str>,
    /// The arguments after the entry point.
    pub command: Vec<String>,
    /// Environment variables. Every user of the engine can read them, so they contain no secret.
    pub environment: BTreeMap<String, String>,
    /// The one published port.
    pub port: Port,
    /// Volumes and host folders.
    pub mounts: Vec<Mount>,
    /// Additional host names that the container must resolve.
    pub extra_hosts: BTreeMap<String, HostAddress>,
    /// The host name inside the container, if it appears in data.
    pub hostname: Option<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Paths that are kept in memory.
    pub temporary: Vec<String>,
    /// Its resource limits.
    pub limits: Limits,
    /// Seconds that a clean stop may take before the container is killed.
    pub stop_seconds: u32,
    /// Its configuration files, their check and their reload.
    #[serde(skip)]
    pub config: Option<ServiceConfig>,
    /// The file from which it reads the password at its first start.
    pub password_file: Option<PasswordFile>,
    /// Its readiness probe.
    #[serde(skip)]
    pub probe: Probe,
    /// The Prometheus job that scrapes it.
    #[serde(skip)]
    pub scrape_job: &'static str,
}

/// Resource limits of a container, so that the stack cannot exhaust the machine it monitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Memory in mebibytes. The engine kills a container that needs more, and restarts it.
    pub memory_mebibytes: u32,
    /// The number of processes and threads.
    pub processes: u32,
}

/// The port that a service publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The port inside the container.
    pub container: u16,
    /// The port on the host.
    pub host: HostPort,
    /// The address on the host.
    pub bind: IpAddr,
}

/// A mount of a container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Mount {
    /// A named volume that keeps the service's data.
    Data {
        /// The name of the volume.
        volume: String,
        /// The path inside the container.
        target: &'static str,
    },
    /// A named volume that holds uploaded configuration.
    Config {
        /// The name of the volume.
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
        /// Whether mounts that are made later on the host appear inside the container.
        follow: Follow,
    },
}

/// Whether mounts that are made later on the host appear inside a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Follow {
    /// They do not appear.
    Private,
    /// They appear, if the engine supports it.
    Slave,
}

/// The address of an extra host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HostAddress {
    /// The engine's host, as its containers reach it.
    Gateway,
    /// A fixed address.
    Address(IpAddr),
}

/// The configuration files of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The folder inside the container, which is a volume.
    pub folder: &'static str,
    /// The delivered files, by name.
    pub files: Vec<&'static str>,
    /// The commands that check the files, run in the service's own image.
    pub checks: Vec<CheckCommand>,
    /// The prefix of the service's metrics about its last reload.
    pub metrics_prefix: &'static str,
    /// Whether the service starts with shortened intervals when `up` waits for healthy monitoring.
    pub quick_start: bool,
}

/// The place of a password inside a container. It never contains the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordFile {
    /// The folder, which is a volume.
    pub folder: &'static str,
    /// The name of the file.
    pub name: &'static str,
}

/// A command that checks configuration files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckCommand {
    /// The program and its arguments.
    pub command: Vec<&'static str>,
    /// The additional files that it reads.
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
    /// Returns the name of the check: the program and its sub-command.
    pub fn title(&self) -> String {
        let words: Vec<&str> =
            self.command.iter().copied().take_while(|word| !word.starts_with('/')).collect();
        words.join(" ")
    }

    /// Returns the file of an error that names no file: the last argument.
    pub fn main_file(&self) -> &'static str {
        let last = self.command.last().copied().unwrap_or_default();
        last.rsplit_once('/').map_or(last, |(_, name)| name)
    }
}

/// The probe that shows from outside whether a service is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The path of the request.
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
    /// The name of the file.
    pub name: &'static str,
    /// The shipped content.
    pub content: Cow<'static, str>,
}

/// A data source of Grafana.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    /// Its fixed uid.
    pub uid: &'static str,
    /// The body for Grafana's API.
    pub body: serde_json::Value,
}

/// A dashboard to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// Its fixed uid.
    pub uid: &'static str,
    /// The name of its file.
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

    /// Returns the name of a service's previous container, which is kept while a new one starts.
    pub fn set_aside(&self, service: &str) -> String {
        format!("{}{SET_ASIDE}", self.container(service))
    }

    /// Returns the name of the lock's container.
    pub fn lock_container(&self) -> String {
        format!("{}-lock", self.name)
    }

    /// Returns the name of the container that represents a started restore.
    pub fn restore_mark(&self) -> String {
        format!("{}-restore", self.name)
    }

    /// Returns the name of the network.
    pub fn network(&self) -> String {
        format!("{}-monitoring", self.name)
    }

    /// Returns a service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Returns a shipped file by name.
    pub fn file(&self, name: &str) -> Option<&ConfigFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Returns the names of all volumes, in order.
    pub fn volumes(&self) -> Vec<&str> {
        self.services.iter().flat_map(Service::volumes).collect()
    }
}

impl Service {
    /// Returns the names of the volumes that it mounts.
    pub fn volumes(&self) -> Vec<&str> {
        self.mounts
            .iter()
            .filter_map(|mount| match mount {
                Mount::Data { volume, .. } | Mount::Config { volume, .. } => Some(volume.as_str()),
                Mount::Host { .. } => None,
            })
            .collect()
    }

    /// Returns the URL of its readiness probe inside the stack's network.
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

    /// Returns the folder of its data inside the container.
    pub fn data_folder(&self) -> Option<&'static str> {
        self.mounts.iter().find_map(|mount| match mount {
            Mount::Data { target, .. } => Some(*target),
            Mount::Config { .. } | Mount::Host { .. } => None,
        })
    }

    /// Returns the hashes of this specification's fields, such as `command=1f…,image=9c…`. They identify the
    /// containers created from it, and tell which field changed.
    ///
    /// Contents of files are not part of it; they are compared with the files inside the container.
    pub fn spec(&self) -> String {
        let Ok(Value::Object(fields)) = serde_json::to_value(self) else {
            unreachable!("a specification serializes to a JSON object");
        };
        let hash = |(field, value): (&String, &Value)| {
            let hash = sha256(value.to_string().as_bytes());
            format!("{field}={}", &hash[..FIELD_HASH])
        };
        fields.iter().map(hash).collect::<Vec<_>>().join(",")
    }

    /// Returns the fields in which a container's specification differs, in words; empty if that is not known.
    pub fn changed_fields(&self, spec: &str) -> Vec<String> {
        let own = self.spec();
        let fields = |spec: &str| -> BTreeMap<String, String> {
            let pairs = spec.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(field, hash)| (field.to_string(), hash.to_string())).collect()
        };
        let (own, theirs) = (fields(&own), fields(spec));
        if theirs.is_empty() {
            return Vec::new();
        }
        let all: BTreeSet<&String> = own.keys().chain(theirs.keys()).collect();
        let changed = all.into_iter().filter(|field| own.get(*field) != theirs.get(*field));
        changed.map(|field| field.replace('_', " ")).collect()
    }
}

impl Port {
    /// Returns the address and port on the host, if the port is fixed.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.host {
            HostPort::Fixed(port) => Some(SocketAddr::new(self.bind, port)),
            HostPort::Auto => None,
        }
    }
}

/// Returns one hash of several files, each a name and a content.
pub fn fingerprint(files: &[(String, String)]) -> String {
    let hashes: Vec<String> =
        files.iter().map(|(name, content)| format!("{}  {name}\n", sha256(content.as_bytes()))).collect();
    sha256(hashes.concat().as_bytes())
}

/// Returns the SHA-256 of bytes as lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
