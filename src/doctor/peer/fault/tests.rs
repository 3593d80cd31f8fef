//! Tests of each problem with a user's program, and of combinations.

use super::super::super::{Finding, FromInside, Severity};
use super::super::tests::options;
use super::*;

const URL: &str = "http://tdd-app:8501/metrics";

fn peer(answer: ProbeAnswer, listening: &[&str]) -> Peer {
    let address = match answer {
        ProbeAnswer::NoSuchName => None,
        _ => Some("172.17.0.1".parse().unwrap()),
    };
    Peer {
        role: Role::Application { job: "app-metrics".into() },
        url: URL.into(),
        scrape: Some(Scrape { health: Health::Down, error: String::new() }),
        inside: Some(FromInside { address, answer }),
        listening: Some(listening.iter().map(|socket| socket.parse().unwrap()).collect()),
        holder: None,
        here: None,
    }
}

fn http(status: u16, content_type: Option<&str>) -> ProbeAnswer {
    ProbeAnswer::Http { status, content_type: content_type.map(ToString::to_string) }
}

fn judged(peer: &Peer) -> Finding {
    peer.diagnose(Some("br-0123456789ab"), &options()).unwrap()
}

/// Asserts the state, and words of the finding and of the fix.
#[track_caller]
fn expect(peer: &Peer, state: Severity, what: &str, fix: &str) {
    let found = judged(peer);
    assert_eq!(found.state, state, "{found:?}");
    assert!(found.what.contains(what), "{found:?}");
    assert!(found.fix.as_deref().unwrap_or_default().contains(fix), "{found:?}");
}

#[test]
fn refused_connection_is_explained_by_local_sockets() {
    let refused = |listening| peer(ProbeAnswer::Refused, listening);
    expect(&refused(&[]), Severity::Warning, "nothing listens on port 8501", "0.0.0.0:8501");
    let mut loopback = refused(&["127.0.0.1:8501", "[::1]:8501"]);
    loopback.holder = Some("streamlit (pid 7)".into());
    expect(
        &loopback,
        Severity::Bad,
        "127.0.0.1:8501, [::1]:8501 (streamlit (pid 7)), so only this machine",
        "0.0.0.0",
    );
    expect(&loopback, Severity::Bad, "(172.17.0.1) refuses", "or 172.17.0.1 (containers only)");
    expect(&refused(&["192.168.7.7:8501"]), Severity::Bad, "containers cannot reach it", "0.0.0.0");
    expect(&refused(&["0.0.0.0:8501"]), Severity::Bad, "from containers", "br-0123456789ab");
    let unknown = Peer { listening: None, ..refused(&[]) };
    expect(&unknown, Severity::Warning, "refuses", "is not running, or listens on 127.0.0.1 only");
}

#[test]
fn localhost_means_the_container_itself() {
    let mut localhost = peer(ProbeAnswer::Refused, &["127.0.0.1:8501"]);
    localhost.inside.as_mut().unwrap().address = Some("127.0.0.1".parse().unwrap());
    expect(&localhost, Severity::Bad, "refuses", "`tdd-app`");
    localhost.role = Role::Receiver;
    expect(&localhost, Severity::Warning, "refuses", "`tdd-webhook` in `alertmanager.yml` instead");
}

#[test]
fn timeout_means_firewall_unless_local_request_times_out() {
    let mut silent = peer(ProbeAnswer::Silent, &["0.0.0.0:8501"]);
    expect(&silent, Severity::Bad, "in time", "-i br-0123456789ab -p tcp --dport 8501");
    silent.here = Some(http(200, None));
    expect(&silent, Severity::Bad, "in time", "firewall");
    silent.here = Some(ProbeAnswer::Silent);
    expect(&silent, Severity::Bad, "not even on this machine", "hangs");
    expect(&peer(ProbeAnswer::NoWay, &["0.0.0.0:8501"]), Severity::Bad, "no route", "firewall");
}

#[test]
fn fix_of_unresolved_name_depends_on_app_host() {
    let mut nameless = peer(ProbeAnswer::NoSuchName, &[]);
    expect(&nameless, Severity::Bad, "does not resolve", "`tdd-stack up`");
    let network = DoctorOptions { app_host: AppHost::Network, ..options() };
    let found = nameless.diagnose(None, &network).unwrap();
    assert!(found.fix.unwrap().contains("--alias tdd-app tdd-monitoring CONTAINER"));
    nameless.url = "http://my-app:8501/metrics".into();
    expect(
        &nameless,
        Severity::Bad,
        "does not resolve",
        "write `tdd-app` instead of `my-app` in `prometheus.yml`",
    );
}

#[test]
fn answer_without_metrics_is_bad() {
    for (answer, what, fix) in [
        (http(200, Some("text/html; charset=utf-8")), "a web page", "`st.App`"),
        (http(200, None), "without a Content-Type", "fallback_scrape_protocol"),
        (http(200, Some("application/json")), "`application/json`", "fallback_scrape_protocol"),
        (http(404, Some("text/html")), "404", "metrics_path"),
        (http(401, None), "401", "login"),
        (http(503, None), "503", "log of your application"),
    ] {
        expect(&peer(answer, &["0.0.0.0:8501"]), Severity::Bad, what, fix);
    }
}

#[test]
fn answer_that_prometheus_accepts_is_good() {
    let mut odd = peer(http(200, None), &["0.0.0.0:8501"]);
    odd.scrape = Some(Scrape { health: Health::Up, error: String::new() });
    expect(&odd, Severity::Good, "is scraped", "");
    odd.inside.as_mut().unwrap().answer = ProbeAnswer::Unclear("no wget".into());
    expect(&odd, Severity::Good, "is scraped", "");
    odd.inside.as_mut().unwrap().answer = ProbeAnswer::Refused;
    odd.listening = Some(Vec::new());
    expect(&odd, Severity::Warning, "nothing listens", "start your application");
}

#[test]
fn good_answer_after_failed_scrape_is_a_warning() {
    let mut late = peer(http(200, Some("text/plain; version=0.0.4")), &["0.0.0.0:8501"]);
    let fail = |peer: &mut Peer, error: &str| {
        peer.scrape = Some(Scrape { health: Health::Down, error: error.into() });
    };
    fail(&mut late, "dial tcp 172.17.0.1:8501: connect: connection refused");
    expect(&late, Severity::Warning, "last scrape failed", "next scrape");
    fail(&mut late, "expected a valid start token, got \"<\"");
    expect(&late, Severity::Bad, "start token", "`st.App`");
    late.scrape = Some(Scrape { health: Health::Unknown, error: String::new() });
    expect(&late, Severity::Good, "with metrics", "");
}

#[test]
fn unclear_answer_falls_back_to_prometheus() {
    let mut unclear = peer(ProbeAnswer::Unclear("no `wget`".into()), &[]);
    expect(&unclear, Severity::Warning, "no `wget`", "next scrape");
    unclear.scrape = Some(Scrape { health: Health::Down, error: "blank Content-Type".into() });
    expect(&unclear, Severity::Bad, "blank", "fallback_scrape_protocol");
}

#[test]
fn any_answer_of_receiver_is_good() {
    let mut receiver = peer(http(404, Some("text/html")), &["0.0.0.0:5001"]);
    receiver.role = Role::Receiver;
    receiver.scrape = None;
    expect(&receiver, Severity::Good, "answers Alertmanager's container", "");
    receiver.inside.as_mut().unwrap().answer = ProbeAnswer::Silent;
    expect(&receiver, Severity::Warning, "in time", "firewall");
}
