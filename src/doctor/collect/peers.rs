//! Probes the user's programs, from inside the network and from this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;

use super::DoctorContext;
use crate::doctor::{
    self, FromInside, Peer, ProbeAnswer, Role, Scrape, ServiceFacts, from_wget, is_reachable, place,
};
use crate::engine::Engine;
use crate::error::chain::root_cause;
use crate::http::{ActiveTarget, Http};
use crate::model::observed::{ContainerState, Objects};
use crate::model::stack::{HostAddress, Service};
use crate::model::verification::Health;
use crate::ports;

/// The timeout of `wget`, in seconds.
const SECONDS: &str = "2";
/// The timeout of the whole command: the timeout of `wget` does not cover name resolution.
const INSIDE: Duration = Duration::from_secs(4);
/// The timeout of a request from this machine, equal to [`SECONDS`].
const HERE: Duration = Duration::from_secs(2);
/// The maximum number of programs of each role to probe; a user may scrape hundreds.
const MOST: usize = 8;

/// Returns the facts about each program; `scraped` are the targets of Prometheus, if it runs.
pub(super) async fn look(
    examined: DoctorContext<'_>,
    engine: &Engine,
    objects: &Objects,
    scraped: Option<&[ActiveTarget]>,
) -> Vec<Peer> {
    // Prometheus lists no targets during the first seconds after its start.
    let targets = match scraped.filter(|targets| !targets.is_empty()) {
        Some(targets) => targets
            .iter()
            .map(|target| (target.job.clone(), target.url.clone(), Some(super::scrape(target))))
            .collect(),
        None => from_file(examined),
    };
    let is_service = |job: &str| examined.stack.services.iter().any(|service| service.scrape_job == job);
    let applications = targets
        .into_iter()
        .filter(|(job, ..)| !is_service(job))
        .take(MOST)
        .map(|(job, url, scrape)| ("prometheus", Role::Application { job }, url, scrape));
    let receivers = doctor::receivers(&content(examined, "alertmanager.yml"));
    let receivers = receivers.into_iter().take(MOST).map(|url| ("alertmanager", Role::Receiver, url, None));
    let looks = applications.chain(receivers).filter_map(|(asker, role, url, scrape)| {
        let service = examined.stack.service(asker)?;
        Some(peer(examined.http, engine, objects, service, Peer::unknown(role, url, scrape)))
    });
    join_all(looks).await
}

async fn peer(http: &Http, engine: &Engine, objects: &Objects, asker: &Service, peer: Peer) -> Peer {
    let (host, port) = place(&peer.url);
    let is_here = engine.is_here() && asker.extra_hosts.get(host) == Some(&HostAddress::Gateway);
    let container =
        objects.containers.get(asker.name).filter(|container| container.state == ContainerState::Running);
    let inside = match container {
        Some(container) => Some(ask_from(engine, &container.id, &peer.url).await),
        None => None,
    };
    let listening = if is_here { ports::listening(port) } else { None };
    let holder = listening
        .as_ref()
        .filter(|sockets| !is_reachable(sockets, inside.as_ref().and_then(|inside| inside.address)))
        .and_then(|sockets| ports::holder(*sockets.first()?));
    let is_silent = inside.as_ref().is_some_and(|inside| inside.answer == ProbeAnswer::Silent);
    let here = match listening.as_ref().and_then(|sockets| sockets.first()) {
        Some(socket) if is_silent => Some(ask_here(http, &peer.url, *socket).await),
        _ => None,
    };
    Peer { inside, listening, holder, here, ..peer }
}

/// Probes a service from the container that `up` uses for its connectivity check, unless Prometheus scrapes
/// the service.
pub(super) async fn from_inside(
    examined: DoctorContext<'_>,
    engine: &Engine,
    objects: &Objects,
    facts: ServiceFacts,
) -> ServiceFacts {
    let is_scraped = facts.scrape.as_ref().is_some_and(|scrape| scrape.health == Health::Up);
    let asker = examined.stack.services.first().and_then(|asker| objects.containers.get(asker.name));
    let asker = asker.filter(|asker| asker.state == ContainerState::Running && !is_scraped);
    let runs = facts.state == Some(ContainerState::Running);
    let (Some(asker), Some(service), true) = (asker, examined.stack.service(&facts.name), runs) else {
        return facts;
    };
    let inside = ask_from(engine, &asker.id, &service.inner_url()).await.answer;
    ServiceFacts { inside: Some(inside), ..facts }
}

async fn ask_from(engine: &Engine, container: &str, url: &str) -> FromInside {
    let command = ["wget", "-S", "-T", SECONDS, "-O", "/dev/null", url].map(String::from);
    let unclear = |why: String| FromInside { address: None, answer: ProbeAnswer::Unclear(why) };
    match tokio::time::timeout(INSIDE, engine.operator().execute(container, &command)).await {
        Ok(Ok((code, output))) => from_wget(code, &output),
        Ok(Err(error)) => unclear(root_cause(&error).to_string()),
        Err(_) => unclear(format!("no answer within {} s, its name may resolve slowly", INSIDE.as_secs())),
    }
}

/// Requests the same path from the program's socket on this machine.
async fn ask_here(http: &Http, url: &str, socket: SocketAddr) -> ProbeAnswer {
    let own = if socket.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { socket.ip() };
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let url = format!("http://{}/{path}", SocketAddr::new(own, socket.port()));
    tokio::time::timeout(HERE, http.ask(&url)).await.unwrap_or(ProbeAnswer::Silent)
}

fn from_file(examined: DoctorContext<'_>) -> Vec<(String, String, Option<Scrape>)> {
    let targets = doctor::targets(&content(examined, "prometheus.yml"));
    targets.into_iter().map(|(job, url)| (job, url, None)).collect()
}

/// Returns the user's file, or the shipped one if there is none that can be read.
fn content(examined: DoctorContext<'_>, name: &str) -> String {
    let Some(shipped) = examined.stack.file(name) else { return String::new() };
    examined.folder.content(shipped).unwrap_or_else(|_| shipped.content.clone().into_owned())
}
