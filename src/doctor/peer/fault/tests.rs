//! The fault table, row by row, and what lies between the rows.

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

/// Asserts state, words of what was seen, and words of the cure.
#[track_caller]
fn expect(peer: &Peer, state: Severity, what: &str, fix: &str) {
    let found = judged(peer);
    assert_eq!(found.state, state, "{found:?}");
    assert!(found.what.contains(what), "{found:?}");
    assert!(found.fix.as_deref().unwrap_or_default().contains(fix), "{found:?}");
}

#[test]
fn a_refused_connection_is_explained_by_the_sockets_of_this_machine() {
    let refused = |listening| peer(ProbeAnswer::Refused, listening);
    expect(&refused(&[]), Severity::Warning, "nothing listens on port 8501", "0.0.0.0:8501");
    let mut loopback = refused(&["127.0.0.1:8501", "[::1]:8501"]);
    loopback.holder = Some("streamlit (pid 7)".into());
    expect(
        &loopback,
        Severity::Bad,
        "127.0.0.1:8501, [::1]:8501 (streamlit (pid 7)), for this machine alone",
        "0.0.0.0",
    );
    expect(&loopback, Severity::Bad, "(172.17.0.1) refuses", "on 172.17.0.1 alone");
    expect(&refused(&["192.168.7.7:8501"]), Severity::Bad, "others than the containers", "0.0.0.0");
    expect(&refused(&["0.0.0.0:8501"]), Severity::Bad, "refuses containers", "br-0123456789ab");
    let unknown = Peer { listening: None, ..refused(&[]) };
    expect(&unknown, Severity::Warning, "refuses", "is not running, or listens on 127.0.0.1 only");
}

#[test]
fn localhost_is_the_container_itself() {
    let mut localhost = peer(ProbeAnswer::Refused, &["127.0.0.1:8501"]);
    localhost.inside.as_mut().unwrap().address = Some("127.0.0.1".parse().unwrap());
    expect(&localhost, Severity::Bad, "refuses", "`tdd-app`");
    localhost.role = Role::Receiver;
    expect(&localhost, Severity::Warning, "refuses", "`tdd-webhook` instead in `alertmanager.yml`");
}

#[test]
fn silence_is_a_firewall_unless_the_program_is_silent_here_too() {
    let mut silent = peer(ProbeAnswer::Silent, &["0.0.0.0:8501"]);
    expect(&silent, Severity::Bad, "in time", "-i br-0123456789ab -p tcp --dport 8501");
    silent.here = Some(http(200, None));
    expect(&silent, Severity::Bad, "in time", "firewall");
    silent.here = Some(ProbeAnswer::Silent);
    expect(&silent, Severity::Bad, "here neither", "hangs");
    expect(&peer(ProbeAnswer::NoWay, &["0.0.0.0:8501"]), Severity::Bad, "no way", "firewall");
}

#[test]
fn a_name_that_means_nothing_is_cured_by_topology() {
    let mut nameless = peer(ProbeAnswer::NoSuchName, &[]);
    expect(&nameless, Severity::Bad, "means nothing", "`tdd-stack up`");
    let network = DoctorOptions { app_host: AppHost::Network, ..options() };
    let found = nameless.diagnose(None, &network).unwrap();
    assert!(found.fix.unwrap().contains("--alias tdd-app tdd-monitoring CONTAINER"));
    nameless.url = "http://my-app:8501/metrics".into();
    expect(
        &nameless,
        Severity::Bad,
        "means nothing",
        "write `tdd-app` instead of `my-app` in `prometheus.yml`",
    );
}

#[test]
fn what_is_no_metrics_is_bad() {
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
fn what_prometheus_makes_sense_of_is_good() {
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
fn a_good_answer_after_a_bad_scrape_is_a_question_of_time_unless_its_content_was_bad() {
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
fn where_nobody_can_be_asked_from_inside_prometheus_tells() {
    let mut blind = peer(ProbeAnswer::Unclear("no `wget`".into()), &[]);
    expect(&blind, Severity::Warning, "no `wget`", "next scrape");
    blind.scrape = Some(Scrape { health: Health::Down, error: "blank Content-Type".into() });
    expect(&blind, Severity::Bad, "blank", "fallback_scrape_protocol");
}

#[test]
fn any_answer_of_a_receiver_is_good() {
    let mut receiver = peer(http(404, Some("text/html")), &["0.0.0.0:5001"]);
    receiver.role = Role::Receiver;
    receiver.scrape = None;
    expect(&receiver, Severity::Good, "answers Alertmanager's container", "");
    receiver.inside.as_mut().unwrap().answer = ProbeAnswer::Silent;
    expect(&receiver, Severity::Warning, "in time", "firewall");
}
