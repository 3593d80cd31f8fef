//! Judges whether the stack reaches the user's own programs: the application, and the receiver of alerts.
//!
//! Three witnesses are heard: a request from inside the network, the sockets of this machine, and Prometheus.

mod fault;

use std::net::{IpAddr, SocketAddr};

use super::{DoctorOptions, Finding, FromInside, ProbeAnswer, Severity};
use crate::model::verification::{APP_JOBS, Health};
use fault::{FaultKind, PeerFault};

/// A program of the user's that the stack must reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What it is to the stack.
    pub role: Role,
    /// The address that it is asked at.
    pub url: String,
    /// What Prometheus says, if it scrapes it.
    pub scrape: Option<Scrape>,
    /// What it answers to a container; `None` while there is no container to ask from.
    pub inside: Option<FromInside>,
    /// Where this machine listens on its port; `None` where it is not on this machine, or nobody can tell.
    pub listening: Option<Vec<SocketAddr>>,
    /// The program that listens there.
    pub holder: Option<String>,
    /// What it answers to this machine itself, if it is silent to a container.
    pub here: Option<ProbeAnswer>,
}

/// What a program is to the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Prometheus scrapes it in this job.
    Application {
        /// The job.
        job: String,
    },
    /// Alertmanager sends alerts to it.
    Receiver,
}

/// What Prometheus says of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrape {
    /// How the last scrape went.
    pub health: Health,
    /// Why it failed.
    pub error: String,
}

impl Peer {
    /// Returns a program that nobody has looked at yet.
    pub fn unknown(role: Role, url: String, scrape: Option<Scrape>) -> Self {
        Self { role, url, scrape, inside: None, listening: None, holder: None, here: None }
    }

    /// Returns the finding; `bridge` is the host's end of the stack's network.
    pub(super) fn diagnose(&self, bridge: Option<&str>, options: &DoctorOptions) -> Option<Finding> {
        if self.inside.is_none() && self.listening.is_none() {
            return None;
        }
        let found = match self.fault(bridge, options) {
            None => Finding::good(self.check(), self.fine()),
            Some(PeerFault { kind, what, fix }) => {
                let state = self.state(kind, options);
                Finding::new(self.check(), state, what).fix(fix)
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

    /// An application may be absent, and a receiver may be anything: the stack observes without it.
    fn state(&self, kind: FaultKind, options: &DoctorOptions) -> Severity {
        let Role::Application { job } = &self.role else { return Severity::Warning };
        let is_required = options.require_app && APP_JOBS.contains(&job.as_str());
        match kind {
            FaultKind::Wrong => Severity::Bad,
            FaultKind::Absent if is_required => Severity::Bad,
            FaultKind::Absent => Severity::Warning,
        }
    }

    fn fine(&self) -> String {
        let url = &self.url;
        let listening = || listed(self.listening.as_deref().unwrap_or_default());
        match (&self.scrape, &self.inside) {
            (Some(Scrape { health: Health::Up, .. }), _) => format!("{url} is scraped"),
            (_, Some(_)) if self.role == Role::Receiver => format!("{url} answers Alertmanager's container"),
            (_, Some(_)) => format!("{url} answers Prometheus' container with metrics"),
            (_, None) => format!("{url} will be reached: it listens on {}", listening()),
        }
    }
}

/// Returns whether what listens on such addresses is reached at this one.
pub fn is_reachable(listening: &[SocketAddr], at: Option<IpAddr>) -> bool {
    listening.iter().any(|socket| {
        let ip = socket.ip();
        // Where the address is not known yet, any but loopback may be it.
        ip.is_unspecified() || at.map_or(!ip.is_loopback(), |at| ip == at)
    })
}

/// Returns host and port of an address such as `http://tdd-app:8501/metrics`.
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
    fn places_are_read_from_addresses() {
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
    fn only_loopback_is_out_of_a_containers_reach() {
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
    fn the_absent_application_is_bad_only_where_it_is_required() {
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
