//! The definition of the service Alertmanager.

use std::collections::BTreeMap;

use super::{Member, PROCESSES, ServiceContext};
use crate::model::stack::{CheckCommand, Expect, Limits, Mount, Probe, Service, ServiceConfig, When};

pub(super) const MEMBER: Member = Member {
    name: "alertmanager",
    title: "Alertmanager",
    consequence: "no alert is delivered",
    image: "prom/alertmanager:v0.34.0",
    tested: "0.33.1",
    service,
    files: &[("alertmanager.yml", include_str!("../../assets/alertmanager/alertmanager.yml"))],
    scrape: include_str!("../../assets/alertmanager/scrape.yml"),
    data_sources: Vec::new,
    dashboards: &[],
};

/// Removes the notification log at every start, also by the engine, and keeps the silences. The log would
/// outlive the alerts, which Alertmanager keeps in memory: an alert that fires again within `repeat_interval`
/// would count as already sent (needsUpdate in notify/notify.go, Alertmanager 0.33).
const START: &str = "rm -f /alertmanager/nflog && exec alertmanager \"$@\"";

fn service(context: &ServiceContext<'_>) -> Service {
    Service {
        name: context.name,
        image: context.image(),
        entrypoint: vec!["/bin/sh", "-c", START, "alertmanager"],
        command: vec![
            "--config.file=/etc/alertmanager/alertmanager.yml".into(),
            "--storage.path=/alertmanager".into(),
            // Clustering would wait ten seconds for other Alertmanagers, of which there are none.
            "--cluster.listen-address=".into(),
            // By default a silence is written after up to 15 minutes, and lost if Alertmanager is killed
            // earlier.
            "--data.maintenance-interval=1m".into(),
            format!("--web.external-url={}", context.external_url()),
        ],
        environment: BTreeMap::new(),
        port: context.port(9093),
        mounts: vec![
            Mount::Data { volume: context.volume("data"), target: "/alertmanager" },
            Mount::Config { volume: context.volume("config"), target: "/etc/alertmanager" },
        ],
        extra_hosts: context.extra_host("tdd-webhook"),
        hostname: None,
        read_only: true,
        temporary: vec![],
        // About 15 MiB after the start. Only alerts and silences grow, a few KiB each.
        limits: Limits { memory_mebibytes: 256, processes: PROCESSES },
        stop_seconds: 10,
        config: Some(ServiceConfig {
            folder: "/etc/alertmanager",
            files: vec!["alertmanager.yml"],
            checks: vec![CheckCommand {
                command: vec!["amtool", "check-config", "/etc/alertmanager/alertmanager.yml"],
                extra_files: vec![],
                when: When::BeforeApply,
            }],
            metrics_prefix: "alertmanager",
            quick_start: false,
        }),
        password_file: None,
        probe: Probe { path: "/-/ready", expect: Expect::Ok },
        scrape_job: "alertmanager",
    }
}
