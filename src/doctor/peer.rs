//! Checks whether the stack reaches the user's programs: the application and the alert receiver.
//!
//! Combines three sources: a request from inside the network, the sockets of this machine, and Prometheus.

mod fault;

use std::net::{IpAddr, SocketAddr};

use super::{Brief, DoctorOptions, Finding, FromInside, ProbeAnswer, Severity};
use crate::model::verification::{APP_JOBS, Health};
use fault::{FaultKind, PeerFault};

/// A user's program that the stack must reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The role of the program.
    pub role: Role,
    /// The URL that the stack uses.
    pub url: String,
    /// The scrape result in Prometheus, if Prometheus scrapes it.
    pub scrape: Option<Scrape>,
    /// The answer to a request from a container; `None` if no container runs.
    pub inside: Option<FromInside>,
    /// The sockets of this machine on that port; `None` if the program is elsewhere or the sockets are
    /// unknown.
    pub listening: Option<Vec<SocketAddr>>,
    /// The program that listens on the port.
    pub holder: Option<String>,
    /// The answer to a request from this machine, made only if a container gets no answer.
    pub here: Option<ProbeAnswer>,
}

/// The role of a user's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// An application that Prometheus scrapes.
    Application {
        /// The scrape job.
        job: String,
    },
    /// The receiver of Alertmanager's notifications.
    Receiver,
}

/// The last scrape of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrape {
    /// The target's health.
    pub health: Health,
    /// The error message, empty after a success.
    pub error: String,
}

impl Peer {
    /// Returns a program that is not probed yet.
    pub fn unknown(role: Role, url: String, scrape: Option<Scrape>) -> Self {
        Self { role, url, scrape, inside: None, listening: None, holder: None, here: None }
    }

    /// Returns the finding; `bridge` is the bridge of the stack's network on the host.
    pub(super) fn diagnose(&self, bridge: Option<&str>, options: &DoctorOptions) -> Option<Finding> {
        if self.inside.is_none() && self.listening.is_none() {
            return None;
        }
        let found = match self.fault(bridge, options) {
            None => self.brief(Finding::good(self.check(), self.fine())),
            Some(PeerFault { kind, what, fix, brief }) => {
                let state = self.state(kind, options);
                Finding { brief, ..Finding::new(self.check(), state, what).fix(fix) }
            }
        };
        Some(match &self.role {
            Role::Application { job } => found.on(job),
            Role::Receiver => found,
        })
    }

    fn check(&self) -> &'static str {
        match self.role {
            Role::Application { .. } => "application",
            Role::Receiver => "receiver",
        }
    }

    /// Returns the severity: the stack monitors without a receiver or an optional application, so these are
    /// warnings.
    fn state(&self, kind: FaultKind, options: &DoctorOptions) -> Severity {
        let Role::Application { job } = &self.role else { return Severity::Warning };
        let is_required = options.require_app && APP_JOBS.contains(&job.as_str());
        match kind {
            FaultKind::Wrong => Severity::Bad,
            FaultKind::Absent if is_required => Severity::Bad,
            FaultKind::Absent => Severity::Warning,
        }
    }

    fn brief(&self, found: Finding) -> Finding {
        match &self.role {
            Role::Receiver => found.brief("alert receiver"),
            Role::Application { job } if self.inside.is_none() => found.brief_on("will be reachable:", job),
            Role::Application { job } => found.brief_on("reachable:", job),
        }
    }

    fn fine(&self) -> String {
        let url = &self.url;
        let listening = || listed(self.listening.as_deref().unwrap_or_default());
        match (&self.scrape, &self.inside) {
            (Some(Scrape { health: Health::Up, .. }), _) => format!("{url} is scraped"),
            (_, Some(_)) if self.role == Role::Receiver => format!("{url} answers Alertmanager's container"),
            (_, Some(_)) => format!("{url} answers Prometheus' container with metrics"),
            (_, None) => format!("{url} will be reachable: it listens on {}", listening()),
        }
    }
}

/// Returns whether a program that listens on these sockets is reachable at the address `at`.
pub fn is_reachable(listening: &[SocketAddr], at: Option<IpAddr>) -> bool {
    listening.iter().any(|socket| {
        let ip = socket.ip();
        // If the address is unknown, any address except loopback may be the right one.
        ip.is_unspecified() || at.map_or(!ip.is_loopback(), |at| ip == at)
    })
}

/// Returns host and port of a URL such as `http://tdd-app:8501/metrics`.
pub fn place(url: &str) -> (&str, u16) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let usual = if scheme == "https" { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(usual)),
        _ => (authority, usual),
    }
}

fn listed(sockets: &[SocketAddr]) -> String {
    let texts: Vec<String> = sockets.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::settings::AppHost;

    pub(crate) fn options() -> DoctorOptions {
        DoctorOptions {
            stack: "tdd".into(),
            network: "tdd-monitoring".into(),
            app_host: AppHost::EngineHost,
            require_app: false,
        }
    }

    #[test]
    fn place_returns_host_and_port() {
        for (url, expected) in [
            ("http://tdd-app:8501/health/metrics", ("tdd-app", 8501)),
            ("https://example/metrics", ("example", 443)),
            ("http://[::1]:90/", ("[::1]", 90)),
            ("http://[::1]/", ("[::1]", 80)),
            ("http://host?x=1:2", ("host", 80)),
        ] {
            assert_eq!(place(url), expected, "{url}");
        }
    }

    #[test]
    fn loopback_is_unreachable_for_containers() {
        let at = Some("172.17.0.1".parse().unwrap());
        for (socket, reached, perhaps) in [
            ("127.0.0.1:1", false, false),
            ("0.0.0.0:1", true, true),
            ("[::]:1", true, true),
            ("172.17.0.1:1", true, true),
            ("192.168.7.7:1", false, true),
        ] {
            let listening = [socket.parse().unwrap()];
            assert_eq!(is_reachable(&listening, at), reached, "{socket}");
            assert_eq!(is_reachable(&listening, None), perhaps, "{socket}");
        }
    }

    #[test]
    fn absent_application_is_bad_only_if_required() {
        let role = Role::Application { job: APP_JOBS[0].into() };
        let mut peer = Peer::unknown(role, "http://tdd-app:8501/metrics".into(), None);
        peer.listening = Some(Vec::new());
        let required = DoctorOptions { require_app: true, ..options() };
        assert_eq!(peer.diagnose(None, &options()).unwrap().state, Severity::Warning);
        assert_eq!(peer.diagnose(None, &required).unwrap().state, Severity::Bad);
        peer.role = Role::Application { job: "another".into() };
        assert_eq!(peer.diagnose(None, &required).unwrap().state, Severity::Warning);
        peer.role = Role::Receiver;
        assert_eq!(peer.diagnose(None, &required).unwrap().state, Severity::Warning);
        peer.listening = Some(vec!["0.0.0.0:8501".parse().unwrap()]);
        assert_eq!(peer.diagnose(None, &required).unwrap().state, Severity::Good);
        peer.listening = None;
        assert_eq!(peer.diagnose(None, &required), None);
    }
}
