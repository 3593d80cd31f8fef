//! Reads the observed state once: engine, disk, files inside containers, endpoints.
//!
//! It changes nothing, and decides only which objects belong to the stack.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::future::{join_all, try_join_all};

use crate::config::dashboard;
use crate::config::settings::HostPort;
use crate::engine::{Engine, Inventory};
use crate::error::{Conflict, Error, ObjectKind, Result};
use crate::files::ConfigFolder;
use crate::http::{self, Http};
use crate::model::observed::{
    Container, ContainerState, GrafanaContent, NotAsked, Objects, Observed, ObservedGrafana, Readiness,
};
use crate::model::stack::{Service, Stack};
use crate::ports;
use crate::verify::Addresses;

/// Returns everything that a plan for the stack depends on.
pub async fn observe(engine: &Engine, http: &Http, folder: &ConfigFolder, stack: &Stack) -> Result<Observed> {
    let (inventory, images) = tokio::try_join!(engine.inventory(&stack.name), images(engine, stack))?;
    let disk = folder.read(stack.files.iter().map(|file| file.name))?;
    let objects = &inventory.objects;
    let (delivered, (readiness, grafana)) =
        tokio::try_join!(delivered(engine, stack, objects), endpoints(engine, http, stack, objects))?;
    Ok(Observed {
        conflicts: conflicts(engine, stack, &inventory).await?,
        free_ports: free_ports(engine, stack, objects),
        images,
        disk,
        delivered,
        readiness,
        grafana,
        objects: inventory.objects,
    })
}

/// Returns the URL of a service's running container, if it is reachable from here.
pub fn base(objects: &Objects, service: &str, engine: &Engine) -> Option<String> {
    place(objects, service, engine)?.ok()
}

/// Returns the URL of a service's running container, or the reason why it is not reachable from here.
pub fn place(objects: &Objects, service: &str, engine: &Engine) -> Option<Result<String>> {
    let container =
        objects.containers.get(service).filter(|container| container.state != ContainerState::Paused)?;
    Some(engine.url(container.address?))
}

/// Fails if a published port of the stack is not reachable from here.
pub fn reaches_running(engine: &Engine, objects: &Objects) -> Result<()> {
    let published = objects.containers.values().filter_map(|container| container.address);
    published.map(|address| address.ip()).try_for_each(|ip| engine.reaches(ip))
}

/// Fails if a port that the stack would publish is not reachable from here.
pub fn reaches_wanted(engine: &Engine, stack: &Stack) -> Result<()> {
    stack.services.iter().try_for_each(|service| engine.reaches(service.port.bind))
}

/// Returns the addresses for a verification.
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
) -> Result<(BTreeMap<String, Readiness>, ObservedGrafana)> {
    let probes = join_all(stack.services.iter().map(|service| async {
        let container = objects.containers.get(service.name)?;
        let is_running = container.state == ContainerState::Running;
        let readiness = match place(objects, service.name, engine).filter(|_| is_running) {
            Some(Ok(base)) => http.probe(&base, service.probe).await,
            Some(Err(_)) => Readiness::OutOfReach,
            None => container.not_running(),
        };
        Some((service.name.to_string(), readiness))
    }));
    // Grafana is queried in parallel with the probes: if it is not ready, it does not answer either.
    let (readiness, grafana) = tokio::join!(probes, grafana(engine, http, stack, objects));
    Ok((readiness.into_iter().flatten().collect(), grafana?))
}

async fn grafana(engine: &Engine, http: &Http, stack: &Stack, objects: &Objects) -> Result<ObservedGrafana> {
    let base = match place(objects, "grafana", engine) {
        Some(Ok(base)) => base,
        Some(Err(_)) => return Ok(ObservedGrafana::OutOfReach),
        None => return Ok(ObservedGrafana::Unknown),
    };
    let is_paused = objects.not_asked("prometheus") == NotAsked::Paused;
    match http::GrafanaClient::new(http, base, stack).content(stack, is_paused).await {
        Ok(content) => Ok(ObservedGrafana::Known(GrafanaContent {
            checksums: checksums(engine, stack).await?,
            ..content
        })),
        Err(Error::GrafanaLogin { .. }) => Ok(ObservedGrafana::LoginRefused),
        Err(_) => Ok(ObservedGrafana::Unknown),
    }
}

async fn checksums(engine: &Engine, stack: &Stack) -> Result<BTreeMap<String, String>> {
    let folder = dashboard::checksums_folder(stack);
    let container = stack.container("grafana");
    let found = try_join_all(stack.dashboards.iter().map(|wanted| async {
        let path = format!("{folder}/{}", dashboard::checksum_name(wanted.uid));
        Ok::<_, Error>(
            engine.file(&container, &path).await?.map(|checksum| (wanted.uid.to_string(), checksum)),
        )
    }));
    Ok(found.await?.into_iter().flatten().collect())
}

/// Returns the names and ports that the stack needs but that belong to other programs.
pub async fn conflicts(engine: &Engine, stack: &Stack, inventory: &Inventory) -> Result<Vec<Conflict>> {
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
    let ports = port_conflicts(engine, stack, inventory).await?;
    Ok(foreign.chain(ports).chain(inventory.objects.restore_conflict(&stack.name)).collect())
}

async fn port_conflicts(engine: &Engine, stack: &Stack, inventory: &Inventory) -> Result<Vec<Conflict>> {
    let found = stack.services.iter().filter_map(|service| port_conflict(engine, service, inventory));
    let mut conflicts: Vec<Conflict> = found.collect();
    let is_unexplained = |conflict: &Conflict| matches!(conflict, Conflict::Port { holder: None, .. });
    if conflicts.iter().any(is_unexplained) {
        let bound = bindings(engine, &inventory.objects).await?;
        conflicts.retain(|conflict| match conflict {
            // The engine is starting or stopping a container of the stack; otherwise its start reports the
            // conflict.
            Conflict::Port { address, holder: None, .. } => !bound.iter().any(|own| overlaps(*own, *address)),
            _ => true,
        });
    }
    for conflict in &mut conflicts {
        if let Conflict::Port { address, holder, .. } = conflict {
            *holder = holder.take().or_else(|| ports::holder(*address));
        }
    }
    Ok(conflicts)
}

/// Returns the addresses that the stack's containers publish while they run.
async fn bindings(engine: &Engine, objects: &Objects) -> Result<Vec<SocketAddr>> {
    let containers = objects.containers.values().chain(objects.set_aside.values());
    let bound = try_join_all(containers.map(|container| engine.bindings(&container.id))).await?;
    Ok(bound.into_iter().flatten().collect())
}

/// Returns the conflict if another program has the port of a service; if a container has it, the conflict
/// names the container.
fn port_conflict(engine: &Engine, service: &Service, inventory: &Inventory) -> Option<Conflict> {
    let address = service.port.address()?;
    let Objects { containers, set_aside, .. } = &inventory.objects;
    let own: Vec<&Container> =
        [containers.get(service.name), set_aside.get(service.name)].into_iter().flatten().collect();
    if own.iter().filter_map(|container| container.address).any(|held| overlaps(held, address)) {
        return None;
    }
    let is_other = |name: &str| !own.iter().any(|container| container.name == name);
    let other = inventory.published.iter().find(|(held, name)| overlaps(*held, address) && is_other(name));
    let holder = other.map(|(_, name)| format!("container `{name}`"));
    // The ports of a remote engine's host cannot be tried from here; the engine reports the conflict itself.
    let is_taken = holder.is_some() || (engine.is_here() && !ports::is_free(address));
    is_taken.then(|| Conflict::Port { service: service.name.to_string(), address, holder })
}

fn overlaps(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (any || one.ip() == other.ip())
}

fn free_ports(engine: &Engine, stack: &Stack, objects: &Objects) -> BTreeMap<String, u16> {
    if !engine.is_here() {
        // The ports that are free on another machine cannot be determined from here.
        return BTreeMap::new();
    }
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
