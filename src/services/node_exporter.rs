//! The definition of the service node-exporter.

use std::collections::BTreeMap;

use super::{Member, PROCESSES, ServiceContext};
use crate::model::stack::{Expect, Follow, Limits, Mount, Probe, Service};

pub(super) const MEMBER: Member = Member {
    name: "node-exporter",
    title: "node-exporter",
    consequence: "the host is not monitored",
    image: "prom/node-exporter:v1.12.1",
    tested: "1.11.1",
    service,
    files: &[],
    scrape: include_str!("../../assets/node-exporter/scrape.yml"),
    data_sources: Vec::new,
    dashboards: &[],
};

/// Collectors that would report the container's own network next to the host's.
const CONTAINER_NETWORK: [&str; 8] =
    ["arp", "conntrack", "netclass", "netdev", "netstat", "sockstat", "softnet", "udp_queues"];

/// The exporter's default, repeated because a value given here replaces it.
const MOUNT_POINTS_EXCLUDE: &str =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";

fn service(context: &ServiceContext<'_>) -> Service {
    let mut command = vec![
        "--path.procfs=/host/proc".to_string(),
        "--path.sysfs=/host/sys".into(),
        "--path.rootfs=/rootfs".into(),
        "--path.udev.data=/rootfs/run/udev/data".into(),
        format!("--collector.filesystem.mount-points-exclude={MOUNT_POINTS_EXCLUDE}"),
    ];
    command.extend(CONTAINER_NETWORK.map(|collector| format!("--no-collector.{collector}")));
    // Debian's build enables this collector, which logs an error at each scrape because the container has no
    // D-Bus. Other builds disable it.
    command.push("--no-collector.systemd".into());
    Service {
        name: context.name,
        image: context.image(),
        entrypoint: vec![],
        command,
        environment: BTreeMap::new(),
        port: context.port(9100),
        mounts: vec![
            Mount::Host { source: "/proc", target: "/host/proc", follow: Follow::Private },
            Mount::Host { source: "/sys", target: "/host/sys", follow: Follow::Private },
            Mount::Host { source: "/", target: "/rootfs", follow: Follow::Slave },
        ],
        extra_hosts: BTreeMap::new(),
        // Reported as `nodename`, which would otherwise be the container's id.
        hostname: Some(format!("{}-{}", context.settings.stack, context.name)),
        read_only: true,
        temporary: vec![],
        // It needs about 10 MiB and stores nothing.
        limits: Limits { memory_mebibytes: 128, processes: PROCESSES },
        stop_seconds: 10,
        config: None,
        password_file: None,
        // A probe closes the connection after the status, which the exporter would log as an error of
        // `/metrics`.
        probe: Probe { path: "/", expect: Expect::Ok },
        scrape_job: "node-exporter",
    }
}
