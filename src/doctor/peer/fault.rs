//! Problems of a user's program, each with its fix.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use super::{Brief, DoctorOptions, Health, Peer, ProbeAnswer, Role, Scrape, is_reachable, listed, place};
use crate::config::settings::AppHost;
use crate::model::scrape_hints;

/// A problem and its fix.
pub(super) struct PeerFault {
    pub(super) kind: FaultKind,
    pub(super) what: String,
    pub(super) fix: String,
    pub(super) brief: Option<Brief>,
}

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// The program does not run, or its state is unknown.
    Absent,
    /// The program runs, but the stack cannot use it until the user fixes something.
    Wrong,
}

impl PeerFault {
    fn absent(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { kind: FaultKind::Absent, what: what.into(), fix: fix.into(), brief: None }
    }

    fn wrong(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { kind: FaultKind::Wrong, what: what.into(), fix: fix.into(), brief: None }
    }
}

impl Peer {
    /// Returns the problem, if there is one; `bridge` is the bridge of the stack's network on the host.
    pub(super) fn fault(&self, bridge: Option<&str>, options: &DoctorOptions) -> Option<PeerFault> {
        let url = self.seen_url();
        let Some(inside) = &self.inside else {
            return self.unreachable(format!("{url} will be unreachable"));
        };
        let is_itself = inside.address.is_some_and(|address| address.is_loopback());
        match &inside.answer {
            ProbeAnswer::Http { status, content_type } => self.answered(*status, content_type.as_deref()),
            ProbeAnswer::Refused if is_itself => {
                Some(PeerFault::wrong(format!("{url} refuses the connection"), self.localhost()))
            }
            ProbeAnswer::Refused => Some(
                self.unreachable(format!("{url} refuses the connection"))
                    // The socket is reachable, so a firewall refuses the connection.
                    .unwrap_or_else(|| {
                        self.firewall(format!("{url} refuses connections from containers"), bridge)
                    }),
            ),
            ProbeAnswer::Silent if self.here == Some(ProbeAnswer::Silent) => Some(PeerFault::wrong(
                format!("{url} accepts the connection but does not answer, not even on this machine"),
                format!("{} hangs: check its log and restart it", self.who()),
            )),
            ProbeAnswer::Silent => Some(self.firewall(format!("{url} does not answer in time"), bridge)),
            ProbeAnswer::NoWay => Some(self.firewall(format!("{url}: no route to host"), bridge)),
            ProbeAnswer::NoSuchName => Some(PeerFault::wrong(
                format!("{url}: the name does not resolve inside the network"),
                self.naming(options),
            )),
            ProbeAnswer::Unclear(why) => self.told_by_prometheus(why),
        }
    }

    /// Checks an HTTP answer; every answer that Prometheus accepts is good.
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
                ("with a web page, not metrics".to_string(), scrape_hints::WEB_PAGE.to_string())
            }
            (200, Some(other)) => (format!("with `{other}`"), scrape_hints::CONTENT_TYPE.into()),
            (200, None) => ("without a Content-Type".into(), scrape_hints::CONTENT_TYPE.into()),
            (404, _) => ("with status 404".into(), scrape_hints::NO_SUCH_PATH.into()),
            (401 | 403, _) => (
                format!("with status {status}"),
                "allow access to the path, or add a login to the job in `prometheus.yml`".into(),
            ),
            _ => (format!("with status {status}"), format!("check the log of {}", self.who())),
        };
        Some(PeerFault::wrong(format!("{url} answers {what}"), fix))
    }

    /// Returns the problem that the sockets of this machine show, or `None` if a reachable socket listens.
    fn unreachable(&self, what: String) -> Option<PeerFault> {
        let at = self.inside.as_ref().and_then(|inside| inside.address);
        let (_, port) = place(&self.url);
        match self.listening.as_deref() {
            None => Some(PeerFault::absent(
                what,
                scrape_hints::for_scrape_error("connection refused").unwrap_or_default(),
            )),
            Some(listening) if is_reachable(listening, at) => None,
            Some([]) => Some(PeerFault {
                brief: Some(Brief {
                    text: "nothing listens on port".into(),
                    item: Some(port.to_string()),
                    fix: Some("start it on 0.0.0.0, or set its address with `--app-host`".into()),
                }),
                ..PeerFault::absent(
                    format!("{what}: nothing listens on port {port} of this machine"),
                    format!("start {} on 0.0.0.0:{port}, or set its address with `--app-host`", self.who()),
                )
            }),
            Some(listening) => Some(self.out_of_reach(&what, listening)),
        }
    }

    /// Returns the problem of a program that listens on addresses that containers cannot reach.
    fn out_of_reach(&self, what: &str, listening: &[SocketAddr]) -> PeerFault {
        let (host, port) = place(&self.url);
        let holder = self.holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default();
        let is_closed = listening.iter().all(|socket| socket.ip().is_loopback());
        let effect = if is_closed { "only this machine reaches it" } else { "containers cannot reach it" };
        let at = self.inside.as_ref().and_then(|inside| inside.address);
        let bridge = at.map(|at| format!(" or {at} (containers only)"));
        PeerFault::wrong(
            format!("{what}: port {port} is bound to {}{holder}, so {effect}", listed(listening)),
            format!(
                "start {} on 0.0.0.0{} (Streamlit: `--server.address 0.0.0.0`); in a container: publish the \
                 port, or use the alias `{host}` and `--app-host network`",
                self.who(),
                bridge.unwrap_or_default()
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
                "a firewall on the host {drops} packets from `{bridge}`: `sudo ufw allow in on {bridge} to any \
                 port {port} proto tcp` or `sudo iptables -I INPUT -i {bridge} -p tcp --dport {port} -j ACCEPT`"
            ),
        )
    }

    fn naming(&self, options: &DoctorOptions) -> String {
        let (host, _) = place(&self.url);
        let alias =
            |name: &str| format!("`docker network connect --alias {name} {} CONTAINER`", options.network);
        match (host == self.name(), options.app_host) {
            (true, AppHost::Network) => {
                format!("give the container of {} this name: {}", self.who(), alias(host))
            }
            (true, _) => "add the name to the container: `tdd-stack up`".into(),
            (false, _) => format!(
                "write `{}` instead of `{host}` in `{}`, or add the name: {}",
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
                "`localhost` is the container itself: write `{}` in `{}` instead",
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
                format!("{url} could not be probed: {why}"),
                "run `tdd-stack doctor` again after the next scrape",
            )),
        }
    }

    /// Returns the URL, followed by the address that its name resolves to inside the network, if that is
    /// known.
    fn seen_url(&self) -> String {
        match self.inside.as_ref().and_then(|inside| inside.address) {
            Some(address) => format!("{} ({address})", self.url),
            None => self.url.clone(),
        }
    }

    fn who(&self) -> &'static str {
        match self.role {
            Role::Application { .. } => "your application",
            Role::Receiver => "your alert receiver",
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

/// Returns the problem of the last scrape; a connection may have recovered since, but wrong content does not
/// change.
fn last_scrape(url: &str, scrape: &Scrape) -> Option<PeerFault> {
    let Scrape { health: Health::Down, error } = scrape else { return None };
    let what = format!("{url}: Prometheus' last scrape failed: {error}");
    Some(match scrape_hints::for_scrape_error(error) {
        Some(fix @ (scrape_hints::WEB_PAGE | scrape_hints::CONTENT_TYPE | scrape_hints::LOCALHOST)) => {
            PeerFault::wrong(what, fix)
        }
        Some(fix) => PeerFault::absent(
            what,
            format!("run `tdd-stack doctor` again after the next scrape; if it still fails: {fix}"),
        ),
        None => PeerFault::absent(what, "run `tdd-stack doctor` again after the next scrape"),
    })
}
