//! What is wrong with a program of the user's, and its cure.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use super::{DoctorOptions, Health, Peer, ProbeAnswer, Role, Scrape, is_reachable, listed, place};
use crate::config::settings::AppHost;
use crate::model::scrape_hints;

/// What is wrong.
pub(super) struct PeerFault {
    pub(super) kind: FaultKind,
    pub(super) what: String,
    pub(super) fix: String,
}

/// How grave a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// It does not run, or nobody can tell.
    Absent,
    /// It is there, and will not be seen until somebody mends something.
    Wrong,
}

impl PeerFault {
    fn absent(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { kind: FaultKind::Absent, what: what.into(), fix: fix.into() }
    }

    fn wrong(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { kind: FaultKind::Wrong, what: what.into(), fix: fix.into() }
    }
}

impl Peer {
    /// Returns what is wrong; `bridge` is the host's end of the stack's network.
    pub(super) fn fault(&self, bridge: Option<&str>, options: &DoctorOptions) -> Option<PeerFault> {
        let url = self.seen_url();
        let Some(inside) = &self.inside else {
            return self.unreachable(format!("{url} will not be reached"));
        };
        let is_itself = inside.address.is_some_and(|address| address.is_loopback());
        match &inside.answer {
            ProbeAnswer::Http { status, content_type } => self.answered(*status, content_type.as_deref()),
            ProbeAnswer::Refused if is_itself => {
                Some(PeerFault::wrong(format!("{url} refuses the connection"), self.localhost()))
            }
            ProbeAnswer::Refused => Some(
                self.unreachable(format!("{url} refuses the connection"))
                    // It listens where it should, and yet the connection is refused.
                    .unwrap_or_else(|| self.firewall(format!("{url} refuses containers"), bridge)),
            ),
            ProbeAnswer::Silent if self.here == Some(ProbeAnswer::Silent) => Some(PeerFault::wrong(
                format!("{url} takes the connection and does not answer, here neither"),
                format!("{} hangs: look at its log, and start it again", self.who()),
            )),
            ProbeAnswer::Silent => Some(self.firewall(format!("{url} does not answer in time"), bridge)),
            ProbeAnswer::NoWay => {
                Some(self.firewall(format!("{url}: something says that there is no way"), bridge))
            }
            ProbeAnswer::NoSuchName => Some(PeerFault::wrong(
                format!("{url}: the name means nothing inside the network"),
                self.naming(options),
            )),
            ProbeAnswer::Unclear(why) => self.told_by_prometheus(why),
        }
    }

    /// Judges what came back. Whatever Prometheus makes sense of is good.
    fn answered(&self, status: u16, content_type: Option<&str>) -> Option<PeerFault> {
        let url = self.seen_url();
        let scrape = self.scrape.as_ref();
        if self.role == Role::Receiver || scrape.is_some_and(|scrape| scrape.health == Health::Up) {
            return None;
        }
        let media_type = content_type.map(|text| text.split(';').next().unwrap_or(text).trim());
        let (what, fix) = match (status, media_type) {
            (
                200,
                Some("text/plain" | "application/openmetrics-text" | "application/vnd.google.protobuf"),
            ) => {
                return scrape.and_then(|scrape| last_scrape(&url, scrape));
            }
            (200, Some("text/html")) => {
                ("a web page, and no metrics".to_string(), scrape_hints::WEB_PAGE.to_string())
            }
            (200, Some(other)) => (format!("`{other}`"), scrape_hints::CONTENT_TYPE.into()),
            (200, None) => ("without a Content-Type".into(), scrape_hints::CONTENT_TYPE.into()),
            (404, _) => ("404".into(), scrape_hints::NO_SUCH_PATH.into()),
            (401 | 403, _) => (
                status.to_string(),
                "let Prometheus in: open the path, or give the job its login in `prometheus.yml`".into(),
            ),
            _ => (status.to_string(), format!("the log of {} says why", self.who())),
        };
        Some(PeerFault::wrong(format!("{url} answers {what}"), fix))
    }

    /// Judges by the sockets of this machine; `None` if it listens where it can be reached.
    fn unreachable(&self, what: String) -> Option<PeerFault> {
        let at = self.inside.as_ref().and_then(|inside| inside.address);
        let (_, port) = place(&self.url);
        match self.listening.as_deref() {
            None => Some(PeerFault::absent(
                what,
                scrape_hints::for_scrape_error("connection refused").unwrap_or_default(),
            )),
            Some(listening) if is_reachable(listening, at) => None,
            Some([]) => Some(PeerFault::absent(
                format!("{what}: nothing listens on port {port} of this machine"),
                format!("start {} on 0.0.0.0:{port}, or name where it is with `--app-host`", self.who()),
            )),
            Some(listening) => Some(self.out_of_reach(&what, listening)),
        }
    }

    /// Judges a program that listens, but not for containers.
    fn out_of_reach(&self, what: &str, listening: &[SocketAddr]) -> PeerFault {
        let (host, port) = place(&self.url);
        let holder = self.holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default();
        let is_closed = listening.iter().all(|socket| socket.ip().is_loopback());
        let whom = if is_closed { "this machine alone" } else { "others than the containers" };
        let at = self.inside.as_ref().and_then(|inside| inside.address);
        let alone = at.map(|at| format!(", or on {at} alone, where only containers reach it"));
        PeerFault::wrong(
            format!("{what}: port {port} listens on {}{holder}, for {whom}", listed(listening)),
            format!(
                "start {} on 0.0.0.0 (Streamlit: `--server.address 0.0.0.0`){}; if it is a container, publish its \
                 port there, or give it the alias `{host}` on the stack's network and use `--app-host network`",
                self.who(),
                alone.unwrap_or_default()
            ),
        )
    }

    fn firewall(&self, what: String, bridge: Option<&str>) -> PeerFault {
        let (_, port) = place(&self.url);
        let bridge = bridge.unwrap_or("br-…");
        let drops = match &self.here {
            Some(answer) if answer.is_http() => "drops",
            _ => "may drop",
        };
        PeerFault::wrong(
            what,
            format!(
                "a firewall of the host {drops} what comes from `{bridge}`: let it in with `sudo ufw allow in on \
                 {bridge} to any port {port} proto tcp`, or `sudo iptables -I INPUT -i {bridge} -p tcp --dport \
                 {port} -j ACCEPT`"
            ),
        )
    }

    fn naming(&self, options: &DoctorOptions) -> String {
        let (host, _) = place(&self.url);
        let alias =
            |name: &str| format!("`docker network connect --alias {name} {} CONTAINER`", options.network);
        match (host == self.name(), options.app_host) {
            (true, AppHost::Network) => {
                format!("give the container of {} its name: {}", self.who(), alias(host))
            }
            (true, _) => "`tdd-stack up` gives the container the name".into(),
            (false, _) => format!(
                "write `{}` instead of `{host}` in `{}`, or give its container this name: {}",
                self.name(),
                self.file(),
                alias(host)
            ),
        }
    }

    fn localhost(&self) -> String {
        match self.role {
            Role::Application { .. } => scrape_hints::LOCALHOST.into(),
            Role::Receiver => format!(
                "`localhost` is the container itself: write `{}` instead in `{}`",
                self.name(),
                self.file()
            ),
        }
    }

    fn told_by_prometheus(&self, why: &str) -> Option<PeerFault> {
        let url = self.seen_url();
        match &self.scrape {
            Some(Scrape { health: Health::Up, .. }) => None,
            Some(scrape) if !scrape.error.is_empty() => last_scrape(&url, scrape),
            _ => Some(PeerFault::absent(
                format!("{url} could not be asked: {why}"),
                "ask again after the next scrape",
            )),
        }
    }

    /// Returns the address with what its name means inside, where that is known.
    fn seen_url(&self) -> String {
        match self.inside.as_ref().and_then(|inside| inside.address) {
            Some(address) => format!("{} ({address})", self.url),
            None => self.url.clone(),
        }
    }

    fn who(&self) -> &'static str {
        match self.role {
            Role::Application { .. } => "your application",
            Role::Receiver => "your receiver of alerts",
        }
    }

    fn name(&self) -> &'static str {
        match self.role {
            Role::Application { .. } => "tdd-app",
            Role::Receiver => "tdd-webhook",
        }
    }

    fn file(&self) -> &'static str {
        match self.role {
            Role::Application { .. } => "prometheus.yml",
            Role::Receiver => "alertmanager.yml",
        }
    }
}

/// Judges by the last scrape. A connection that failed then may be good by now, but no content mends itself.
fn last_scrape(url: &str, scrape: &Scrape) -> Option<PeerFault> {
    let Scrape { health: Health::Down, error } = scrape else { return None };
    let what = format!("{url}: Prometheus' last scrape failed: {error}");
    Some(match scrape_hints::for_scrape_error(error) {
        Some(fix @ (scrape_hints::WEB_PAGE | scrape_hints::CONTENT_TYPE | scrape_hints::LOCALHOST)) => {
            PeerFault::wrong(what, fix)
        }
        Some(fix) => {
            PeerFault::absent(what, format!("ask again after the next scrape; if it stays so, {fix}"))
        }
        None => PeerFault::absent(what, "ask again after the next scrape"),
    })
}
