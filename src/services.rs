//! The list of services, and the stack they make together.
//!
//! Never names a service outside the list: scrape jobs, data sources and dashboards are folds over it, so a
//! further service is one file here and one line in `ALL`.

mod alertmanager;
mod grafana;
mod node_exporter;
mod prometheus;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::settings::{AppHost, HostPort, Settings};
use crate::model::stack::{ConfigFile, Dashboard, DataSource, HostAddress, Login, Port, Service, Stack};

/// Every service, in the order in which it is shown.
const ALL: [Member; 4] = [prometheus::MEMBER, grafana::MEMBER, node_exporter::MEMBER, alertmanager::MEMBER];

/// How many processes and threads any service may have. Each runs one process with some ten threads on two
/// processors, and the Go runtime makes at most a thread more per processor and per blocked call.
const PROCESSES: u32 = 512;

/// The files that belong to no service: the user's application and the user read them.
const COMPANIONS: [(&str, &str); 6] = [
    ("logging_config.yaml", include_str!("../assets/logging/logging_config.yaml")),
    ("observability.py", include_str!("../assets/logging/observability.py")),
    ("docker-compose.monitoring.yml", include_str!("../assets/compose/docker-compose.monitoring.yml")),
    ("grafana_data_source.yml", include_str!("../assets/compose/grafana_data_source.yml")),
    ("grafana_dashboard_provider.yml", include_str!("../assets/compose/grafana_dashboard_provider.yml")),
    ("README.md", include_str!("../assets/monitoring-readme.md")),
];

/// A service and what it brings along.
struct Member {
    name: &'static str,
    /// The image that is pulled by default.
    image: &'static str,
    /// What the tests last ran on; `scripts/test.sh` prints a note when it runs on something else.
    tested: &'static str,
    service: fn(&ServiceContext<'_>) -> Service,
    files: &'static [(&'static str, &'static str)],
    /// Items for the `scrape_configs` of Prometheus, as text, so that their comments survive.
    scrape: &'static str,
    data_sources: fn() -> Vec<DataSource>,
    dashboards: &'static [Dashboard],
}

/// What a member builds its service from.
struct ServiceContext<'a> {
    settings: &'a Settings,
    name: &'static str,
    image: &'static str,
}

impl ServiceContext<'_> {
    fn image(&self) -> crate::docker::image_reference::ImageReference {
        if let Some(image) = self.settings.images.get(self.name) {
            return image.clone();
        }
        let pinned: crate::docker::image_reference::ImageReference =
            self.image.parse().expect("the pinned references are tested");
        match &self.settings.registry {
            Some(registry) => pinned.with_registry(registry).expect("the settings checked the host"),
            None => pinned,
        }
    }

    fn port(&self, container: u16) -> Port {
        let host = self.settings.ports.get(self.name).copied().unwrap_or(HostPort::Fixed(container));
        Port { container, host, bind: self.settings.bind }
    }

    fn volume(&self, kind: &str) -> String {
        format!("{}_{}_{kind}", self.settings.stack, self.name.replace('-', "_"))
    }

    fn extra_host(&self, name: &str) -> BTreeMap<String, HostAddress> {
        let address = match self.settings.app_host {
            AppHost::EngineHost => HostAddress::Gateway,
            AppHost::Address(address) => HostAddress::Address(address),
            AppHost::Network => return BTreeMap::new(),
        };
        [(name.to_string(), address)].into()
    }

    /// Returns the address under which people open the service, its port left open.
    fn external_url(&self) -> String {
        let host = match self.settings.bind {
            bind if bind.is_loopback() || bind.is_unspecified() => "localhost".to_string(),
            bind => bind.to_string(),
        };
        format!("http://{host}:{}", crate::model::stack::HOST_PORT)
    }
}

/// Which versions of a service's image are used by default, and which one the tests ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The service.
    pub service: &'static str,
    /// The reference of the image that is pulled by default.
    pub image: &'static str,
    /// What the tests ran on.
    pub tested: &'static str,
}

/// Returns the default and the tested version of each service.
pub fn releases() -> impl Iterator<Item = Release> {
    ALL.iter().map(|member| Release { service: member.name, image: member.image, tested: member.tested })
}

/// Returns the names of all services.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|member| member.name).collect()
}

/// Returns the stack that the settings ask for.
pub fn assemble(settings: &Settings) -> Stack {
    let service = |member: &Member| {
        (member.service)(&ServiceContext { settings, name: member.name, image: member.image })
    };
    Stack {
        name: settings.stack.clone(),
        services: ALL.iter().map(service).collect(),
        folder: settings.config_folder(),
        files: files(),
        data_sources: ALL.iter().flat_map(|member| (member.data_sources)()).collect(),
        dashboards: ALL.iter().flat_map(|member| member.dashboards).cloned().collect(),
        login: Login { user: "admin".into(), password: settings.grafana_password.clone() },
    }
}

fn files() -> Vec<ConfigFile> {
    let scrapes: String = ALL.iter().map(|member| member.scrape).collect();
    let shipped = ALL.iter().flat_map(|member| member.files).chain(&COMPANIONS);
    shipped
        .map(|&(name, text)| ConfigFile {
            name,
            content: match name {
                prometheus::CONFIGURATION => Cow::Owned(format!("{text}{scrapes}")),
                _ => Cow::Borrowed(text),
            },
        })
        .collect()
}
