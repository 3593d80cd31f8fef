//! Reads the engine: objects by label, images, files inside containers, logs. Changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::container::LogOutput;
use bollard::errors::Error as EngineError;
use bollard::models::{
    ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum, PortBinding, PortSummary,
};
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
    ListNetworksOptions, ListVolumesOptions, LogsOptionsBuilder,
};
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::timeout::QUICK;
use super::{Engine, archive};
use crate::docker::phrases::Meaning;
use crate::error::{Conflict, End, Error, ObjectKind, Result};
use crate::model::log::LogStream;
use crate::model::observed::{Container, ContainerState, Objects, Restore, VolumeKind};
use crate::model::stack::{
    LABEL_CHECK, LABEL_LOCK, LABEL_RESTORE, LABEL_SERVICE, LABEL_SPEC, LABEL_STACK, LABEL_VOLUME,
    LABEL_WITHOUT, SET_ASIDE,
};

/// How many of the last log lines are shown with a failure.
const EVIDENCE_LINES: &str = "15";

/// The size limit of an archive in bytes: a hundred times the size of a folder with configuration files.
const LONGEST_ARCHIVE: usize = 64 * 1024 * 1024;

/// The engine's objects that matter to a stack, including those of other owners.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The objects with the stack's label.
    pub objects: Objects,
    /// The objects of other owners, as conflicts would name them.
    pub foreign: Vec<Conflict>,
    /// The ports that running containers publish, with the containers' names.
    pub published: Vec<(SocketAddr, String)>,
}

/// The current state of a container.
#[derive(Clone, Debug)]
pub struct Running {
    /// The container's id.
    pub id: String,
    /// The state.
    pub state: ContainerState,
    /// How the container ended, if it did.
    pub end: End,
    /// How often the engine has restarted it.
    pub restarts: i64,
    /// The address at which its port is published.
    pub address: Option<SocketAddr>,
}

/// Which log lines to return.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Whether to follow the log.
    pub follow: bool,
    /// The number of last lines, or `all`.
    pub tail: String,
    /// The time of the first line, in seconds since the Unix epoch; 0 means the beginning.
    pub since: i32,
    /// Whether each line begins with its time.
    pub dated: bool,
}

/// A line of a log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The stream to which it was written.
    pub stream: LogStream,
    /// The text without its line end.
    pub text: String,
}

impl Engine {
    /// Returns the engine's objects, from three concurrent calls.
    pub async fn inventory(&self, stack: &str) -> Result<Inventory> {
        let all = ListContainersOptionsBuilder::new().all(true).build();
        let (containers, networks, volumes) = tokio::try_join!(
            async {
                self.docker
                    .with_timeout(|docker| docker.list_containers(Some(all)))
                    .await
                    .map_err(Error::engine("list containers"))
            },
            async {
                self.docker
                    .with_timeout(|docker| docker.list_networks(None::<ListNetworksOptions>))
                    .await
                    .map_err(Error::engine("list networks"))
            },
            async {
                self.docker
                    .with_timeout(|docker| docker.list_volumes(None::<ListVolumesOptions>))
                    .await
                    .map_err(Error::engine("list volumes"))
            },
        )?;
        let mut inventory = Inventory::default();
        for container in containers {
            inventory.add_container(stack, container);
        }
        for network in networks {
            let name = network.name.unwrap_or_default();
            if is_ours(stack, network.labels.as_ref()) {
                inventory.objects.networks.push(name);
            } else {
                inventory.foreign.push(Conflict::Foreign { kind: ObjectKind::Network, name });
            }
        }
        for volume in volumes.volumes.unwrap_or_default() {
            if is_ours(stack, Some(&volume.labels)) {
                let kind = match volume.labels.get(LABEL_VOLUME).map(String::as_str) {
                    Some("config") => VolumeKind::Config,
                    _ => VolumeKind::Data,
                };
                inventory.objects.volumes.insert(volume.name, kind);
            } else {
                inventory.foreign.push(Conflict::Foreign { kind: ObjectKind::Volume, name: volume.name });
            }
        }
        Ok(inventory)
    }

    /// Returns the id of a local image, or `None` if it is missing.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>> {
        match self.docker.with_timeout(|docker| docker.inspect_image(reference)).await {
            Ok(image) => Ok(image.id),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(Error::engine(format!("inspect image `{reference}`"))(error)),
        }
    }

    /// Returns the text files of a folder inside a container, by name.
    pub async fn files(&self, container: &str, folder: &str) -> Result<BTreeMap<String, String>> {
        let found = self.archived(container, folder).await?;
        found.map_err(Error::engine(format!("read `{folder}` of `{container}`")))
    }

    /// Returns a text file inside a container, or `None` if it does not exist.
    pub async fn file(&self, container: &str, path: &str) -> Result<Option<String>> {
        Ok(self.archived(container, path).await?.ok().and_then(|files| files.into_values().next()))
    }

    /// Returns the text files at a path inside a container, or the engine's error if the path does not exist.
    async fn archived(
        &self,
        container: &str,
        path: &str,
    ) -> Result<std::result::Result<BTreeMap<String, String>, EngineError>> {
        let action = || format!("read `{path}` of `{container}`");
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let mut stream = self.docker.stream_with_heartbeat(Some(QUICK), |docker| {
            docker.download_from_container(container, Some(options))
        });
        let mut bytes = Vec::new();
        loop {
            match stream.try_next().await {
                Ok(None) => break,
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(error @ EngineError::DockerResponseServerError { status_code: 404, .. }) => {
                    return Ok(Err(error));
                }
                Err(error) => return Err(Error::engine(action())(error)),
            }
            if bytes.len() > LONGEST_ARCHIVE {
                let reason = format!("it is larger than {} MiB", LONGEST_ARCHIVE / (1024 * 1024));
                return Err(Error::engine(action())(reason));
            }
        }
        archive::unpack(&bytes).map(Ok).map_err(Error::engine(action()))
    }

    /// Returns the engine's details of a container, or `None` if it does not exist.
    pub(super) async fn container(&self, name: &str) -> Result<Option<ContainerInspectResponse>> {
        match self.docker.with_timeout(|docker| docker.inspect_container(name, None)).await {
            Ok(found) => Ok(Some(found)),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(Error::engine(format!("inspect container `{name}`"))(error)),
        }
    }

    /// Returns the addresses that a container publishes while it runs, even if it is stopped now.
    pub async fn bindings(&self, container: &str) -> Result<Vec<SocketAddr>> {
        let found = self.container(container).await?;
        let ports = found.and_then(|found| found.host_config?.port_bindings);
        let bindings = ports.into_iter().flat_map(HashMap::into_values).flatten().flatten();
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let address = |binding: PortBinding| {
            let ip = binding.host_ip.and_then(|ip| ip.parse().ok()).unwrap_or(any);
            Some(SocketAddr::new(ip, binding.host_port?.parse().ok()?))
        };
        Ok(bindings.filter_map(address).collect())
    }

    /// Returns the current state of a container.
    pub async fn running(&self, container: &str) -> Result<Running> {
        let action = format!("inspect container `{container}`");
        let seen = self
            .docker
            .with_timeout(|docker| docker.inspect_container(container, None))
            .await
            .map_err(Error::engine(action))?;
        let state = seen.state.unwrap_or_default();
        let end = End {
            code: state.exit_code.unwrap_or_default(),
            is_out_of_memory: state.oom_killed == Some(true),
            // If the engine does not report it, the log may.
            is_for_other_processor: state
                .error
                .as_deref()
                .is_some_and(|error| Meaning::OtherProcessor.is_in(error)),
            memory: seen.host_config.and_then(|config| config.memory).filter(|bytes| *bytes > 0),
            reason: state.error.filter(|error| !error.is_empty()),
        };
        let is = |flag: Option<bool>| flag == Some(true);
        let restarts = seen.restart_count.unwrap_or_default();
        Ok(Running {
            id: seen.id.unwrap_or_default(),
            state: match () {
                () if is(state.restarting) => ContainerState::Restarting,
                () if is(state.paused) => ContainerState::Paused,
                () if is(state.dead) => ContainerState::Other,
                () if is(state.running) => ContainerState::Running,
                () if state.started_at.as_deref().is_none_or(|at| at.starts_with("0001")) => {
                    ContainerState::Created
                }
                () => ContainerState::Exited,
            },
            end,
            restarts,
            address: published(seen.network_settings.and_then(|settings| settings.ports)),
        })
    }

    /// Returns whether a container has no file at a path; `false` if the engine does not answer that.
    pub(super) async fn lacks(&self, container: &str, path: &str) -> bool {
        let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
        let inspected =
            self.docker.with_timeout(|docker| docker.get_container_archive_info(container, Some(options)));
        matches!(inspected.await, Err(EngineError::DockerResponseServerError { status_code: 404, .. }))
    }

    /// Returns a container's last log lines for diagnostics, or none if they cannot be read.
    pub async fn last_lines(&self, container: &str) -> Vec<String> {
        let query = LogQuery { follow: false, tail: EVIDENCE_LINES.into(), since: 0, dated: false };
        let lines = self.logs(container, &query).try_collect::<Vec<LogLine>>();
        let lines = tokio::time::timeout(QUICK, lines).await;
        lines.unwrap_or(Ok(Vec::new())).unwrap_or_default().into_iter().map(|line| line.text).collect()
    }

    /// Returns a container's log as a stream of lines.
    pub fn logs(&self, container: &str, query: &LogQuery) -> impl Stream<Item = Result<LogLine>> + use<> {
        let options = LogsOptionsBuilder::new()
            .follow(query.follow)
            .stdout(true)
            .stderr(true)
            .tail(&query.tail)
            .since(query.since)
            .timestamps(query.dated)
            .build();
        let action = format!("read the log of `{container}`");
        // A service whose log is followed may be silent without limit.
        let limit = (!query.follow).then_some(QUICK);
        self.docker.stream_with_heartbeat(limit, |docker| docker.logs(container, Some(options))).map(
            move |output| {
                let output = output.map_err(Error::engine(&action))?;
                let stream = match output {
                    LogOutput::StdErr { .. } => LogStream::Stderr,
                    LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
                        LogStream::Stdout
                    }
                };
                let message = output.into_bytes();
                Ok(LogLine {
                    stream,
                    text: String::from_utf8_lossy(&message).trim_end_matches(['\n', '\r']).to_string(),
                })
            },
        )
    }
}

impl Inventory {
    fn add_container(&mut self, stack: &str, seen: ContainerSummary) {
        let name = seen.names.unwrap_or_default().into_iter().next().unwrap_or_default();
        let name = name.trim_start_matches('/').to_string();
        let ports = seen.ports.unwrap_or_default();
        let addresses: Vec<SocketAddr> = ports.iter().filter_map(address).collect();
        self.published.extend(addresses.iter().map(|address| (*address, name.clone())));
        if !is_ours(stack, seen.labels.as_ref()) {
            self.foreign.push(Conflict::Foreign { kind: ObjectKind::Container, name });
            return;
        }
        let labels = seen.labels.unwrap_or_default();
        let id = seen.id.unwrap_or_default();
        if labels.contains_key(LABEL_LOCK) {
            self.objects.has_lock = true;
            return;
        }
        if let Some(volumes) = labels.get(LABEL_RESTORE) {
            let volumes = volumes.split(',').map(ToString::to_string).collect();
            self.objects.restore = Some(Restore { sentinel: id, volumes });
            return;
        }
        let Some(service) = labels.get(LABEL_SERVICE).filter(|_| !labels.contains_key(LABEL_CHECK)) else {
            self.objects.leftovers.push(id);
            return;
        };
        let container = Container {
            id,
            name,
            image: seen.image.unwrap_or_default(),
            image_id: seen.image_id.unwrap_or_default(),
            spec: labels.get(LABEL_SPEC).cloned().unwrap_or_default(),
            state: match seen.state {
                Some(ContainerSummaryStateEnum::CREATED) => ContainerState::Created,
                Some(ContainerSummaryStateEnum::EXITED) => ContainerState::Exited,
                Some(ContainerSummaryStateEnum::RUNNING) => ContainerState::Running,
                Some(ContainerSummaryStateEnum::PAUSED) => ContainerState::Paused,
                Some(ContainerSummaryStateEnum::RESTARTING) => ContainerState::Restarting,
                _ => ContainerState::Other,
            },
            status: seen.status.unwrap_or_default(),
            address: addresses.first().copied(),
            without: labels.get(LABEL_WITHOUT).cloned(),
        };
        let is_previous = container.name.ends_with(SET_ASIDE);
        let by_service = if is_previous { &mut self.objects.set_aside } else { &mut self.objects.containers };
        by_service.insert(service.clone(), container);
    }
}

pub(super) fn is_ours(stack: &str, labels: Option<&HashMap<String, String>>) -> bool {
    labels.and_then(|labels| labels.get(LABEL_STACK)).is_some_and(|owner| owner == stack)
}

fn address(port: &PortSummary) -> Option<SocketAddr> {
    let ip: IpAddr = port.ip.as_deref()?.parse().ok()?;
    Some(SocketAddr::new(ip, port.public_port?))
}

fn published(ports: Option<bollard::models::PortMap>) -> Option<SocketAddr> {
    ports?.into_values().flatten().flatten().find_map(|binding| {
        let ip: IpAddr = binding.host_ip?.parse().ok()?;
        Some(SocketAddr::new(ip, binding.host_port?.parse().ok()?))
    })
}
