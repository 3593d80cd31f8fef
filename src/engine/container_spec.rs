//! Translates a service into the engine's request for a container.
//!
//! Never calls the engine: values in, values out.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, Mount as EngineMount,
    MountBindOptions, MountBindOptionsPropagationEnum, MountType, MountVolumeOptions, NetworkingConfig,
    PortBinding, RestartPolicy, RestartPolicyNameEnum,
};

use crate::model::observed::VolumeKind;
use crate::model::stack::{
    Follow, HOST_PORT, HostAddress, LABEL_SERVICE, LABEL_SPEC, LABEL_STACK, LABEL_VERSION, LABEL_VOLUME,
    LABEL_WITHOUT, Mount, Service, sha256,
};

const MEBIBYTE: i64 = 1024 * 1024;

/// Whether mounts made later on the host appear in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Propagation {
    /// As the service specifies.
    AsWished,
    /// They do not appear: the engine refused the propagation.
    Refused,
}

/// Returns the labels of every object of a stack. Compose's own labels are among them, so that Compose and
/// Docker Desktop show the stack.
pub(super) fn labels(stack: &str) -> HashMap<String, String> {
    text_map([
        (LABEL_STACK, stack),
        (LABEL_VERSION, env!("CARGO_PKG_VERSION")),
        ("com.docker.compose.project", stack),
    ])
}

/// Returns the labels of a helper container. `label` names its kind, `purpose` is the label's value.
pub(super) fn errand_labels(stack: &str, label: &str, purpose: &str) -> HashMap<String, String> {
    let mut labels = labels(stack);
    // Compose would list the container as a service.
    labels.remove("com.docker.compose.project");
    labels.extend(text_map([(label, purpose)]));
    labels
}

/// Returns the host configuration of a helper container: no network, no capabilities, no new privileges.
pub(super) fn errand_host() -> HostConfig {
    HostConfig {
        network_mode: Some("none".into()),
        cap_drop: Some(vec!["ALL".into()]),
        security_opt: Some(vec!["no-new-privileges".into()]),
        ..HostConfig::default()
    }
}

/// Returns the labels of the network, among them the name that Compose uses for it.
pub(super) fn network_labels(stack: &str) -> HashMap<String, String> {
    let mut labels = labels(stack);
    labels.extend(text_map([("com.docker.compose.network", "monitoring")]));
    labels
}

/// Returns the labels of a volume.
pub(super) fn volume_labels(stack: &str, name: &str, kind: VolumeKind) -> HashMap<String, String> {
    let mut labels = labels(stack);
    let short = name.strip_prefix(stack).map_or(name, |rest| rest.trim_start_matches('_'));
    let kind = match kind {
        VolumeKind::Data => "data",
        VolumeKind::Config => "config",
    };
    labels.extend(text_map([(LABEL_VOLUME, kind), ("com.docker.compose.volume", short)]));
    labels
}

/// Returns the request that creates a service's container.
pub(super) fn container(
    stack: &str,
    network: &str,
    service: &Service,
    host_port: u16,
    propagation: Propagation,
) -> ContainerCreateBody {
    let fill = |text: &str| text.replace(HOST_PORT, &host_port.to_string());
    let port = format!("{}/tcp", service.port.container);
    let binding = PortBinding {
        host_ip: Some(service.port.bind.to_string()),
        host_port: Some(if host_port == 0 { String::new() } else { host_port.to_string() }),
    };
    let endpoint =
        EndpointSettings { aliases: Some(vec![service.name.to_string()]), ..EndpointSettings::default() };
    ContainerCreateBody {
        image: Some(service.image.to_string()),
        hostname: service.hostname.clone(),
        entrypoint: (!service.entrypoint.is_empty())
            .then(|| service.entrypoint.iter().map(ToString::to_string).collect()),
        cmd: (!service.command.is_empty()).then(|| service.command.iter().map(|word| fill(word)).collect()),
        env: Some(service.environment.iter().map(|(key, value)| format!("{key}={}", fill(value))).collect()),
        exposed_ports: Some(vec![port.clone()]),
        labels: Some(container_labels(stack, service, propagation)),
        stop_timeout: Some(i64::from(service.stop_seconds)),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_string()),
            port_bindings: Some([(port, Some(vec![binding]))].into()),
            mounts: Some(service.mounts.iter().map(|mount| engine_mount(mount, propagation)).collect()),
            extra_hosts: Some(service.extra_hosts.iter().map(extra_host).collect()),
            readonly_rootfs: Some(service.read_only),
            tmpfs: Some(service.temporary.iter().map(|path| (path.clone(), String::new())).collect()),
            memory: Some(i64::from(service.limits.memory_mebibytes) * MEBIBYTE),
            pids_limit: Some(i64::from(service.limits.processes)),
            cap_drop: Some(vec!["ALL".into()]),
            security_opt: Some(vec!["no-new-privileges".into()]),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".into()),
                config: Some(text_map([("max-size", "10m"), ("max-file", "3")])),
            }),
            ..HostConfig::default()
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some([(network.to_string(), endpoint)].into()),
        }),
        ..ContainerCreateBody::default()
    }
}

fn container_labels(stack: &str, service: &Service, propagation: Propagation) -> HashMap<String, String> {
    let mut labels = labels(stack);
    let spec = service.spec();
    let hash = sha256(spec.as_bytes());
    labels.extend(text_map([
        (LABEL_SERVICE, service.name),
        (LABEL_SPEC, &spec),
        ("com.docker.compose.service", service.name),
        ("com.docker.compose.container-number", "1"),
        ("com.docker.compose.oneoff", "False"),
        ("com.docker.compose.config-hash", &hash),
    ]));
    if propagation == Propagation::Refused {
        labels.extend(text_map([(
            LABEL_WITHOUT,
            "rslave: mounts made on the host after the start are not seen",
        )]));
    }
    labels
}

fn engine_mount(mount: &Mount, propagation: Propagation) -> EngineMount {
    let volume = |name: &str, target: &str, no_copy: bool| EngineMount {
        typ: Some(MountType::VOLUME),
        source: Some(name.to_string()),
        target: Some(target.to_string()),
        volume_options: Some(MountVolumeOptions { no_copy: Some(no_copy), ..MountVolumeOptions::default() }),
        ..EngineMount::default()
    };
    match mount {
        // The engine copies the image's folder, which gives the data volume its owner.
        Mount::Data { volume: name, target } => volume(name, target, false),
        // The image's sample files must not be copied to the stack's configuration.
        Mount::Config { volume: name, target } => volume(name, target, true),
        Mount::Host { source, target, follow } => EngineMount {
            typ: Some(MountType::BIND),
            source: Some((*source).to_string()),
            target: Some((*target).to_string()),
            read_only: Some(true),
            bind_options: (*follow == Follow::Slave && propagation == Propagation::AsWished).then(|| {
                MountBindOptions {
                    propagation: Some(MountBindOptionsPropagationEnum::RSLAVE),
                    ..MountBindOptions::default()
                }
            }),
            ..EngineMount::default()
        },
    }
}

fn extra_host((name, address): (&String, &HostAddress)) -> String {
    match address {
        HostAddress::Gateway => format!("{name}:host-gateway"),
        HostAddress::Address(address) => format!("{name}:{address}"),
    }
}

fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> HashMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}
