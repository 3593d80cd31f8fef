//! Collects the facts for the doctor: engine, disk, services, and the connection to the user's programs.
//!
//! Draws no conclusions, changes nothing, and waits at most a few seconds for each answer.

mod peers;
mod site;

use std::time::Duration;

use futures_util::future::join_all;

use crate::deadline::within;
use crate::doctor::{Facts, ImageFacts, ImageState, Link, Scrape, ServiceFacts, Unanswered};
use crate::engine::Engine;
use crate::error::chain::root_cause;
use crate::error::{Error, PullFault, Result};
use crate::files::ConfigFolder;
use crate::http::{ActiveTarget, Http, PrometheusClient};
use crate::model::observed::{ContainerState, Objects, Readiness};
use crate::model::stack::{Service, Stack};
use crate::model::verification::Health;
use crate::observe::{base, conflicts, place, reaches_running, reaches_wanted};

/// The timeout for the engine and the services, which normally answer within milliseconds.
const ANSWER: Duration = Duration::from_secs(3);
/// The timeout for registries and the connection to the engine, which may be far away.
const REGISTRY: Duration = Duration::from_secs(5);

/// The inputs of [`collect`].
// A `StackContext` has an engine; the doctor starts without one and reports why it cannot be reached.
#[derive(Clone, Copy, Debug)]
pub struct DoctorContext<'a> {
    /// The HTTP client for the services' ports.
    pub http: &'a Http,
    /// The configuration folder.
    pub folder: &'a ConfigFolder,
    /// The desired state of the stack.
    pub stack: &'a Stack,
}

/// Returns the collected facts; `connect` opens the connection to the engine.
pub async fn collect(examined: DoctorContext<'_>, connect: impl Future<Output = Result<Engine>>) -> Facts {
    let mut facts = site::look(examined);
    let engine = match answered(REGISTRY, "reach the engine", connect).await {
        Ok(engine) => engine,
        Err(error) => {
            facts.unanswered.push(unanswered("engine", &error, error.hint()));
            return facts;
        }
    };
    let network = examined.stack.network();
    let (description, images, bridge, ()) = tokio::join!(
        answered(ANSWER, "query the engine", engine.description()),
        join_all(examined.stack.services.iter().map(|service| image(&engine, service))),
        answered(ANSWER, "inspect the network", engine.bridge(&network)),
        running(examined, &engine, &mut facts)
    );
    facts.images = images;
    // Only the text of a fix uses it, so a failure is ignored.
    facts.bridge = bridge.unwrap_or_default();
    match description {
        Ok(mut described) => {
            if described.is_local {
                described.space = site::space(&described.data_root).await;
            }
            facts.engine = Some(described);
        }
        Err(error) => facts.unanswered.push(unanswered("engine", &error, ailing())),
    }
    facts
}

/// Inspects the containers, and probes the user's programs from inside them.
async fn running(examined: DoctorContext<'_>, engine: &Engine, facts: &mut Facts) {
    let DoctorContext { http, stack, .. } = examined;
    let look = async {
        let inventory = engine.inventory(&stack.name).await?;
        let conflicts = conflicts(engine, stack, &inventory).await?;
        Ok((inventory, conflicts))
    };
    let inventory = match answered(ANSWER, "list the engine's objects", look).await {
        Ok((inventory, conflicts)) => {
            facts.conflicts = conflicts;
            inventory
        }
        Err(error) => return facts.unanswered.push(unanswered("engine", &error, ailing())),
    };
    let objects = &inventory.objects;
    let reach = if objects.containers.is_empty() {
        reaches_wanted(engine, stack)
    } else {
        reaches_running(engine, objects)
    };
    facts.unanswered.extend(reach.err().map(|error| unanswered("reach", &error, error.hint())));
    let prometheus = base(objects, "prometheus", engine).map(|base| PrometheusClient::new(http, base));
    let (readiness, scraped, flags, links) = tokio::join!(
        join_all(stack.services.iter().map(|service| ready(http, engine, objects, service))),
        asked(prometheus.as_ref().map(PrometheusClient::targets)),
        asked(prometheus.as_ref().map(PrometheusClient::flags)),
        asked(prometheus.as_ref().map(PrometheusClient::links))
    );
    let flags = flags.unwrap_or_default();
    facts.lifecycle = flags.get("web.enable-lifecycle").is_some_and(|value| value == "true");
    if !objects.containers.is_empty() {
        let services = stack.services.iter().zip(readiness);
        facts.services = services
            .map(|(service, readiness)| service_facts(service, objects, readiness, scraped.as_deref()))
            .collect();
    }
    let services = std::mem::take(&mut facts.services);
    let grafana = base(objects, "grafana", engine);
    let external = flags.get("web.external-url").map(|url| (url.clone(), None));
    let dashboards = links.unwrap_or_default().into_iter().map(|url| (url, grafana.clone()));
    // Links are for a browser on this machine; those of a remote engine lead to other services from here.
    let wanted = external.into_iter().chain(dashboards).filter(|_| engine.is_here());
    let (links, peers, services) = tokio::join!(
        join_all(wanted.map(|(url, wanted)| follow(http, url, wanted))),
        peers::look(examined, engine, objects, scraped.as_deref()),
        join_all(services.into_iter().map(|service| peers::from_inside(examined, engine, objects, service)))
    );
    facts.services = services;
    facts.links = links;
    facts.peers = peers;
}

async fn image(engine: &Engine, service: &Service) -> ImageFacts {
    let reference = service.image.to_string();
    let state = match answered(ANSWER, "inspect an image", engine.image_id(&reference)).await {
        Ok(Some(_)) => ImageState::Here,
        _ => match answered(REGISTRY, "query the registry", engine.is_pullable(&reference)).await {
            Ok(()) => ImageState::Pullable,
            Err(error) => {
                let fault = match &error {
                    Error::Pull { fault, .. } => *fault,
                    // The registry did not answer in time.
                    _ => PullFault::Unreachable,
                };
                ImageState::Nowhere { fault, reason: root_cause(&error).to_string() }
            }
        },
    };
    ImageFacts { service: service.name.to_string(), reference, state }
}

async fn ready(http: &Http, engine: &Engine, objects: &Objects, service: &Service) -> Readiness {
    let Some(container) = objects.containers.get(service.name) else {
        return Readiness::NotReady("has no container".into());
    };
    let is_running = container.state == ContainerState::Running;
    match place(objects, service.name, engine).filter(|_| is_running) {
        Some(Ok(base)) => {
            let probed = tokio::time::timeout(ANSWER, http.probe(&base, service.probe)).await;
            probed.unwrap_or_else(|_| Readiness::NotReady("does not answer in time".into()))
        }
        Some(Err(_)) => Readiness::OutOfReach,
        None => container.not_running(),
    }
}

fn service_facts(
    service: &Service,
    objects: &Objects,
    readiness: Readiness,
    scraped: Option<&[ActiveTarget]>,
) -> ServiceFacts {
    let container = objects.containers.get(service.name);
    let target = scraped.unwrap_or_default().iter().find(|target| target.job == service.scrape_job);
    ServiceFacts {
        name: service.name.to_string(),
        state: container.map(|container| container.state),
        readiness,
        address: container.and_then(|container| container.address),
        scrape: target.map(scrape),
        inside: None,
    }
}

fn scrape(target: &ActiveTarget) -> Scrape {
    let health = match target.health.as_str() {
        "up" => Health::Up,
        "down" => Health::Down,
        _ => Health::Unknown,
    };
    Scrape { health, error: target.error.clone() }
}

async fn follow(http: &Http, url: String, wanted: Option<String>) -> Link {
    let answers = tokio::time::timeout(ANSWER, http.ask(&url)).await.is_ok_and(|answer| answer.is_http());
    Link { url, answers, wanted }
}

/// Returns the answer, or `None` without a request, after a failure or after [`ANSWER`].
async fn asked<T>(question: Option<impl Future<Output = Result<T>>>) -> Option<T> {
    tokio::time::timeout(ANSWER, question?).await.ok()?.ok()
}

/// Returns the answer of the engine, or an error after `limit`.
async fn answered<T>(limit: Duration, action: &str, answer: impl Future<Output = Result<T>>) -> Result<T> {
    within(limit, answer, || Error::engine(action)(format!("no answer within {} s", limit.as_secs()))).await
}

fn unanswered(check: &'static str, error: &Error, hint: Option<String>) -> Unanswered {
    Unanswered { check, what: error.in_one_line(), hint }
}

/// Returns the hint for an engine that accepts the connection but does not answer properly.
#[expect(clippy::unnecessary_wraps, reason = "has the type of an error's hint")]
fn ailing() -> Option<String> {
    Some("check the engine's log: `journalctl -u docker`".into())
}
