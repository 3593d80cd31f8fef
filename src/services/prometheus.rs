//! The definition of the service Prometheus.

use serde_json::json;

use super::{Member, PROCESSES, ServiceContext};
use crate::model::stack::{
    CheckCommand, DataSource, Expect, Limits, Mount, Probe, Service, ServiceConfig, When,
};

/// The file into which the scrape jobs of all services are merged.
pub(super) const CONFIGURATION: &str = "prometheus.yml";

pub(super) const MEMBER: Member = Member {
    name: "prometheus",
    title: "Prometheus",
    consequence: "nothing is monitored",
    image: "prom/prometheus:v3.13.4",
    tested: "3.5.3",
    service,
    files: &[
        (CONFIGURATION, include_str!("../../assets/prometheus/prometheus.yml")),
        ("recording_rules.yml", include_str!("../../assets/prometheus/recording_rules.yml")),
        ("alerts.yml", include_str!("../../assets/prometheus/alerts.yml")),
        ("alerts_test.yml", include_str!("../../assets/prometheus/alerts_test.yml")),
    ],
    // Prometheus' own job is in its configuration file.
    scrape: "",
    data_sources,
    dashboards: &[],
};

fn service(context: &ServiceContext<'_>) -> Service {
    Service {
        name: context.name,
        image: context.image(),
        entrypoint: vec![],
        command: vec![
            "--config.file=/etc/prometheus/prometheus.yml".into(),
            "--storage.tsdb.path=/prometheus".into(),
            // Deprecated since 3.8 in favour of a key in the file, which 3.5 rejects. The flag works in both.
            "--storage.tsdb.retention.time=200h".into(),
            "--storage.tsdb.retention.size=1GB".into(),
            format!("--web.external-url={}", context.external_url()),
        ],
        // Prometheus expands it in `external_labels`.
        environment: [("ENVIRONMENT".to_string(), context.settings.environment.clone())].into(),
        port: context.port(9090),
        mounts: vec![
            Mount::Data { volume: context.volume("data"), target: "/prometheus" },
            Mount::Config { volume: context.volume("config"), target: "/etc/prometheus" },
        ],
        extra_hosts: context.extra_host("tdd-app"),
        hostname: None,
        read_only: true,
        temporary: vec![],
        // About 25 MiB after the start; the rest is for the user's series. Prometheus detects the limit and
        // collects garbage in time.
        limits: Limits { memory_mebibytes: 1024, processes: PROCESSES },
        stop_seconds: 30,
        config: Some(ServiceConfig {
            folder: "/etc/prometheus",
            files: vec![CONFIGURATION, "recording_rules.yml", "alerts.yml"],
            checks: vec![
                CheckCommand {
                    command: vec!["promtool", "check", "config", "/etc/prometheus/prometheus.yml"],
                    extra_files: vec![],
                    when: When::BeforeApply,
                },
                CheckCommand {
                    command: vec![
                        "promtool",
                        "check",
                        "rules",
                        "/etc/prometheus/recording_rules.yml",
                        "/etc/prometheus/alerts.yml",
                    ],
                    extra_files: vec![],
                    when: When::BeforeApply,
                },
                CheckCommand {
                    command: vec!["promtool", "test", "rules", "/etc/prometheus/alerts_test.yml"],
                    extra_files: vec!["alerts_test.yml"],
                    when: When::OnRequest,
                },
            ],
            metrics_prefix: "prometheus",
            quick_start: true,
        }),
        password_file: None,
        probe: Probe { path: "/-/ready", expect: Expect::Ok },
        scrape_job: "prometheus",
    }
}

fn data_sources() -> Vec<DataSource> {
    vec![DataSource {
        uid: "prometheus",
        body: json!({
            "uid": "prometheus",
            "name": "Prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": "http://prometheus:9090",
            "isDefault": true,
            "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
        }),
    }]
}
