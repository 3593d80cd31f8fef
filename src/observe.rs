//! Looks at everything once: engine, disk, files inside containers, endpoints.
//!
//! Changes nothing and judges nothing but what is ours.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::future::{join_all, try_join_all};

use crate::dashboard;
use crate::engine::{Engine, Inventory};
use crate::error::{Conflict, Error, ObjectKind, Result};
use crate::files::Folder;
use crate::http::{self, Http};
use crate::observed::{
    Container, Grafana, GrafanaContent, NotAsked, Objects, Observed, Readiness, State, base_url,
};
use crate::ports;
use crate::prove::Addresses;
use crate::settings::HostPort;
use crate::stack::{Service, Stack};

/// Returns everything that a plan for the stack depends on.
pub async fn observe(engine: &Engine, http: &Http, folder: &Folder, stack: &Stack) -> Result<Observed> {
    let (inventory, images) = tokio::try_join!(engine.inventory(&stack.name), images(engine, stack))?;
    let disk = folder.read(stack.files.iter().map(|file| file.name))?;
    let objects = &inventory.objects;
    let (delivered, (readiness, grafana)) =
        tokio::try_join!(delivered(engine, stack, objects), endpoints(engine, http, stack, objects))?;
    Ok(Observed {
        conflicts: conflicts(engine, stack, &inventory),
        free_ports: free_ports(stack, objects),
        images,
        disk,
        delivered,
        readiness,
        grafana,
        objects: inventory.objects,
    })
}

/// Returns the address of a service's running container.
pub fn base(objects: &Objects, service: &str, engine: &Engine) -> Option<String> {
    let container = objects.containers.get(service).filter(|container| container.state != State::Paused)?;
    Some(base_url(container.address?, &engine.host()))
}

/// Returns the addresses that a proof asks.
pub fn addresses(objects: &Objects, engine: &Engine) -> Addresses {
    let address = |service| base(objects, service, engine).ok_or_else(|| objects.not_asked(service));
    Addresses {
        prometheus: address("prometheus"),
        grafana: address("grafana"),
        alertmanager: address("alertmanager"),
    }
}

async fn images(engine: &Engine, stack: &Stack) -> Result<BTreeMap<String, String>> {
    let found = try_join_all(stack.services.iter().map(|service| async {
        let image = service.image.to_string();
        Ok::<_, Error>(engine.image_id(&image).await?.map(|id| (image, id)))
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

async fn delivered(
    engine: &Engine,
    stack: &Stack,
    objects: &Objects,
) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let services = stack.services.iter().filter_map(|service| {
        Some((service.name, service.config.as_ref()?.folder, objects.holder(service.name)?))
    });
    let found = try_join_all(services.map(|(name, folder, container)| async move {
        Ok::<_, Error>((name.to_string(), engine.files(&container.id, folder).await?))
    }));
    Ok(found.await?.into_iter().collect())
}

async fn endpoints(
    engine: &Engine,
    http: &Http,
    stack: &Stack,
    objects: &Objects,
) -> Result<(BTreeMap<String, Readiness>, Grafana)> {
    let probes = join_all(stack.services.iter().map(|service| async {
        let container = objects.containers.get(service.name)?;
        let readiness = match base(objects, service.name, engine) {
            Some(base) if container.state == State::Running => http.probe(&base, service.probe).await,
            _ => container.not_running(),
        };
        Some((service.name.to_string(), readiness))
    }));
    // Grafana is asked beside the probes: where it is not ready, it does not answer either.
    let (readiness, grafana) = tokio::join!(probes, grafana(engine, http, stack, objects));
    Ok((readiness.into_iter().flatten().collect(), grafana?))
}

async fn grafana(engine: &Engine, http: &Http, stack: &Stack, objects: &Objects) -> Result<Grafana> {
    let Some(base) = base(objects, "grafana", engine) else { return Ok(Grafana::Unknown) };
    let is_paused = objects.not_asked("prometheus") == NotAsked::Paused;
    match http::Grafana::new(http, base, stack).content(stack, is_paused).await {
        Ok(content) => Ok(Grafana::Known(GrafanaContent { marks: marks(engine, stack).await?, ..content })),
        Err(Error::GrafanaLogin { .. }) => Ok(Grafana::LoginRefused),
        Err(_) => Ok(Grafana::Unknown),
    }
}

async fn marks(engine: &Engine, stack: &Stack) -> Result<BTreeMap<String, String>> {
    let folder = dashboard::marks_folder(stack);
    let container = stack.container("grafana");
    let found = try_join_all(stack.dashboards.iter().map(|wanted| async {
        let path = format!("{folder}/{}", dashboard::mark_name(wanted.uid));
        Ok::<_, Error>(engine.file(&container, &path).await?.map(|mark| (wanted.uid.to_string(), mark)))
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

/// Returns what somebody else has of what the stack needs.
pub fn conflicts(engine: &Engine, stack: &Stack, inventory: &Inventory) -> Vec<Conflict> {
    let names = |service: &Service| [stack.container(service.name), stack.set_aside(service.name)];
    let containers: Vec<String> = stack.services.iter().flat_map(names).collect();
    let (network, volumes) = (stack.network(), stack.volumes());
    let is_wanted = |conflict: &&Conflict| match conflict {
        Conflict::Foreign { kind, name } => match kind {
            ObjectKind::Container => containers.contains(name),
            ObjectKind::Network => *name == network,
            ObjectKind::Volume => volumes.contains(&name.as_str()),
            ObjectKind::Image => false,
        },
        _ => false,
    };
    let foreign = inventory.foreign.iter().filter(is_wanted).cloned();
    let ports = stack.services.iter().filter_map(|service| port_conflict(engine, service, inventory));
    foreign.chain(ports).chain(inventory.objects.restore_conflict(&stack.name)).collect()
}

fn port_conflict(engine: &Engine, service: &Service, inventory: &Inventory) -> Option<Conflict> {
    let address = service.port.address()?;
    let own = inventory.objects.containers.get(service.name);
    if own.and_then(|container| container.address).is_some_and(|held| overlaps(held, address)) {
        return None;
    }
    let is_other = |name: &str| own.is_none_or(|own| own.name != name);
    let other = inventory.published.iter().find(|(held, name)| overlaps(*held, address) && is_other(name));
    let holder = other.map(|(_, name)| format!("container `{name}`"));
    // The ports of a remote engine's host cannot be tried from here; its own answer will tell.
    let is_taken = holder.is_some() || (engine.endpoint().is_local() && !ports::is_free(address));
    is_taken.then(|| Conflict::Port {
        service: service.name.to_string(),
        address,
        holder: holder.or_else(|| ports::holder(address.port())),
    })
}

fn overlaps(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (any || one.ip() == other.ip())
}

fn free_ports(stack: &Stack, objects: &Objects) -> BTreeMap<String, u16> {
    let has_port = |container: &Container| container.address.is_some();
    let wanting: Vec<&Service> = stack
        .services
        .iter()
        .filter(|service| service.port.host == HostPort::Auto)
        .filter(|service| !objects.containers.get(service.name).is_some_and(has_port))
        .collect();
    let Some(bind) = wanting.first().map(|service| service.port.bind) else { return BTreeMap::new() };
    let found = ports::free(bind, wanting.len());
    wanting.iter().map(|service| service.name.to_string()).zip(found).collect()
}
