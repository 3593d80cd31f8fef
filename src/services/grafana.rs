//! The definition of the service Grafana.

use std::collections::BTreeMap;

use super::{Member, PROCESSES, ServiceContext};
use crate::model::stack::{Dashboard, Expect, Limits, Mount, PasswordFile, Probe, Service};

pub(super) const MEMBER: Member = Member {
    name: "grafana",
    title: "Grafana",
    consequence: "no dashboard is shown",
    // Older than 13.2, which removes the Prometheus data source from the program.
    image: "grafana/grafana:13.1.7",
    tested: "a test double of its API",
    service,
    files: &[("grafana_dashboards.json", include_str!("../../assets/grafana/grafana_dashboards.json"))],
    scrape: include_str!("../../assets/grafana/scrape.yml"),
    data_sources: Vec::new,
    dashboards: &[Dashboard { uid: "tdd-main", file: "grafana_dashboards.json" }],
};

/// A folder outside Grafana's own ones, none of which the volume may hide.
const PASSWORD_FILE: PasswordFile = PasswordFile { folder: "/run/tdd-stack", name: "grafana-password" };

fn service(context: &ServiceContext<'_>) -> Service {
    let environment = [
        ("GF_SERVER_ROOT_URL", format!("{}/", context.external_url())),
        // Grafana reads the file at every start and exits if it is missing. `…__FILE` would need a shell, which
        // the distroless image does not have.
        ("GF_SECURITY_ADMIN_PASSWORD", format!("$__file{{{}/{}}}", PASSWORD_FILE.folder, PASSWORD_FILE.name)),
        ("GF_USERS_ALLOW_SIGN_UP", "false".into()),
        // Without internet access, each of these features delays the start or fills the log. The second setting
        // also prevents 13.2 from replacing its bundled data sources at run time.
        ("GF_PLUGINS_PREINSTALL_DISABLED", "true".into()),
        ("GF_PLUGINS_PREINSTALL_AUTO_UPDATE", "false".into()),
        ("GF_PLUGINS_PLUGIN_ADMIN_ENABLED", "false".into()),
        ("GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED", "true".into()),
        ("GF_ANALYTICS_REPORTING_ENABLED", "false".into()),
        ("GF_ANALYTICS_CHECK_FOR_UPDATES", "false".into()),
        ("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false".into()),
        ("GF_NEWS_NEWS_FEED_ENABLED", "false".into()),
    ];
    Service {
        name: context.name,
        image: context.image(),
        entrypoint: vec![],
        command: vec![],
        environment: environment.map(|(key, value)| (key.to_string(), value)).into(),
        port: context.port(3000),
        mounts: vec![
            Mount::Data { volume: context.volume("data"), target: "/var/lib/grafana" },
            Mount::Config { volume: context.volume("config"), target: PASSWORD_FILE.folder },
        ],
        extra_hosts: BTreeMap::new(),
        hostname: None,
        read_only: true,
        temporary: vec!["/tmp".into()],
        // The minimum that Grafana's documentation recommends.
        limits: Limits { memory_mebibytes: 512, processes: PROCESSES },
        // Grafana's own time limit for a clean stop.
        stop_seconds: 30,
        config: None,
        password_file: Some(PASSWORD_FILE),
        probe: Probe { path: "/api/health", expect: Expect::DatabaseOk },
        scrape_job: "grafana",
    }
}
