//! The list of services, and the stack that they form.
//!
//! Scrape jobs, data sources and dashboards are collected from the list, without a name of a service. A new
//! service needs one file here and its `MEMBER` in `ALL`.

mod alertmanager;
mod grafana;
mod node_exporter;
mod prometheus;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::config::settings::{AppHost, HostPort, Settings};
use crate::model::stack::{ConfigFile, Dashboard, DataSource, HostAddress, Login, Port, Service, Stack};

/// All services, in the order in which they are shown.
const ALL: &[Member] = &[prometheus::MEMBER, grafana::MEMBER, node_exporter::MEMBER, alertmanager::MEMBER];

/// The maximum number of processes and threads of a service. Each service runs one process with about ten
/// threads on two processors. The Go runtime adds at most one thread for each processor and each blocked
/// call.
const PROCESSES: u32 = 512;

/// Files that belong to no service: the user and the user's application read them.
const COMPANIONS: [(&str, &str); 6] = [
    ("logging_config.yaml", include_str!("../assets/logging/logging_config.yaml")),
    ("observability.py", include_str!("../assets/logging/observability.py")),
    ("docker-compose.monitoring.yml", include_str!("../assets/compose/docker-compose.monitoring.yml")),
    ("grafana_data_source.yml", include_str!("../assets/compose/grafana_data_source.yml")),
    ("grafana_dashboard_provider.yml", include_str!("../assets/compose/grafana_dashboard_provider.yml")),
    ("README.md", include_str!("../assets/monitoring-readme.md")),
];

/// A service with everything that belongs to it.
struct Member {
    name: &'static str,
    /// The name as people write it.
    title: &'static str,
    /// What does not work while the service is down.
    consequence: &'static str,
    /// The default image.
    image: &'static str,
    /// The version that the tests last ran on. `scripts/test.sh` prints a note when it runs on another one.
    tested: &'static str,
    service: fn(&ServiceContext<'_>) -> Service,
    files: &'static [(&'static str, &'static str)],
    /// Items of `scrape_configs` for Prometheus, as text, which preserves their comments.
    scrape: &'static str,
    data_sources: fn() -> Vec<DataSource>,
    dashboards: &'static [Dashboard],
}

/// The input from which a service is built.
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
            self.image.parse().expect("a test parses every pinned reference");
        match &self.settings.registry {
            Some(registry) => {
                pinned.with_registry(registry).expect("the settings validate the registry host")
            }
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

    /// Returns the URL under which users open the service, with a placeholder for the port.
    fn external_url(&self) -> String {
        let host = match self.settings.bind {
            bind if bind.is_loopback() || bind.is_unspecified() => "localhost".to_string(),
            bind => bind.to_string(),
        };
        format!("http://{host}:{}", crate::model::stack::HOST_PORT)
    }
}

/// The default and the tested version of a service's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The name of the service.
    pub service: &'static str,
    /// The reference of the default image.
    pub image: &'static str,
    /// The version that the tests ran on.
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

fn member(name: &str) -> Option<&'static Member> {
    ALL.iter().find(|member| member.name == name)
}

/// Returns a service's name as people write it.
pub fn title(name: &str) -> &str {
    member(name).map_or(name, |member| member.title)
}

/// Returns what does not work while a service is down.
pub fn consequence(name: &str) -> &'static str {
    member(name).map_or("it does not work", |member| member.consequence)
}

/// Returns the stack that the settings describe.
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
