//! `doctor` finds each fault of an application and its fix: one test per row of the fault table.

use integration_tests::scenario::{Scenario, docker, eventually};
use serde_json::Value;

use crate::application::{Application, Behaviour};
use crate::scenario;

const JOB: &str = "streamlit-app";

/// Returns the only finding of a check, for a subject if one is given.
#[track_caller]
pub(crate) fn finding(document: &Value, check: &str, subject: Option<&str>) -> Value {
    let findings = document["findings"].as_array().expect("the document lists findings");
    let is_meant =
        |found: &&Value| found["check"] == check && subject.is_none_or(|subject| found["subject"] == subject);
    let found: Vec<&Value> = findings.iter().filter(is_meant).collect();
    assert_eq!(found.len(), 1, "{check} {subject:?}: {document:#}");
    found[0].clone()
}

/// Asserts state, problem and fix of a finding.
#[track_caller]
pub(crate) fn expect(found: &Value, state: &str, what: &str, fix: &str) {
    assert_eq!(found["state"], state, "{found:#}");
    for (key, words) in [("what", what), ("fix", fix)] {
        assert!(found[key].as_str().unwrap_or_default().contains(words), "{key} lacks {words:?}: {found:#}");
    }
}

/// A stack whose application at `target` could not be scraped.
struct FaultyApp {
    scenario: Scenario,
}

impl FaultyApp {
    fn new(name: &str, target: &str) -> Self {
        Self::with(scenario(name), target, "")
    }

    /// Adds a line to the scrape job.
    fn with(scenario: Scenario, target: &str, line: &str) -> Self {
        scenario.succeed(&["init"]);
        scenario.edit("prometheus.yml", "tdd-app:8501", target);
        scenario.edit("prometheus.yml", "tdd-app:8502", &format!("tdd-app:{}", scenario.reserve_port()));
        let often = format!("scrape_interval: 1s\n    scrape_timeout: 1s\n{line}");
        scenario.edit("prometheus.yml", "scrape_interval: 10s\n    scrape_timeout: 5s\n", &often);
        scenario.succeed(&["up"]);
        let health = || scenario.targets().into_iter().find(|(job, _)| job == JOB).map(|(_, health)| health);
        eventually("the application was scraped", health, |health| health.as_deref() == Some("down"));
        Self { scenario }
    }

    /// Asserts the hint of `status`, which comes from Prometheus' error only.
    #[track_caller]
    fn status_advises(&self, error: &str, hint: &str) {
        let status = self.scenario.run(&["status", "--output", "json"]).json();
        let targets = status["targets"].as_array().expect("the document lists targets");
        let target = targets.iter().find(|target| target["job"] == JOB).expect("the job is scraped");
        for (key, words) in [("error", error), ("hint", hint)] {
            assert!(target[key].as_str().unwrap_or_default().contains(words), "{words:?}: {target:#}");
        }
    }

    /// Asserts problem and fix of `doctor`, and exit code 1 for bad findings only.
    #[track_caller]
    fn doctor_finds(&self, state: &str, what: &str, fix: &str) {
        let output = self.scenario.run(&["doctor", "--output", "json"]);
        output.exits(i32::from(state == "error"));
        expect(&finding(&output.json(), "application", Some(JOB)), state, what, fix);
        let text = self.scenario.run(&["doctor"]).stdout;
        assert!(text.contains("App") && text.contains("Fix: "), "{text}");
    }
}

#[test]
fn doctor_explains_localhost_target() {
    let scenario = scenario("app-localhost");
    let target = format!("localhost:{}", scenario.reserve_port());
    let app = FaultyApp::with(scenario, &target, "");
    app.status_advises("dial tcp", "use `tdd-app`");
    app.doctor_finds("error", "refuses the connection", "use `tdd-app`");
}

#[test]
fn stopped_application_is_a_warning_unless_required() {
    let scenario = scenario("app-absent");
    let port = scenario.reserve_port();
    let app = FaultyApp::with(scenario, &format!("tdd-app:{port}"), "");
    app.status_advises("connection refused", "start it on 0.0.0.0");
    app.doctor_finds("warning", &format!("nothing listens on port {port}"), &format!("0.0.0.0:{port}"));
    app.scenario.run(&["doctor", "--require-app"]).exits(1);
}

#[test]
fn doctor_detects_an_application_bound_to_loopback() {
    let application = Application::on_loopback(Behaviour::Metrics);
    let port = application.port();
    let app = FaultyApp::new("app-loopback", &format!("tdd-app:{port}"));
    app.status_advises("connection refused", "start it on 0.0.0.0");
    app.doctor_finds(
        "error",
        &format!("port {port} is bound to 127.0.0.1:{port}"),
        "`--server.address 0.0.0.0`",
    );
    app.doctor_finds("error", &format!("(process {})", std::process::id()), "0.0.0.0");
}

#[test]
fn doctor_names_the_bridge_that_a_firewall_blocks() {
    let application = Application::reachable(Behaviour::SilentToContainers);
    let port = application.port();
    let app = FaultyApp::new("app-firewall", &format!("tdd-app:{port}"));
    app.status_advises("context deadline exceeded", "a firewall on the host may drop");
    let network = format!("{}-monitoring", app.scenario.stack());
    let id = docker(&["network", "inspect", "--format", "{{.Id}}", &network]);
    let fix = format!("a firewall on the host drops packets from `br-{}`", &id[..12]);
    app.doctor_finds("error", "does not answer in time", &fix);
    app.doctor_finds("error", "does not answer in time", &format!("to any port {port} proto tcp"));
}

#[test]
fn hanging_application_is_not_a_firewall() {
    let application = Application::reachable(Behaviour::Silent);
    let app = FaultyApp::new("app-silent", &format!("tdd-app:{}", application.port()));
    app.status_advises("context deadline exceeded", "nothing answers");
    app.doctor_finds("error", "does not answer, not even on this machine", "your application hangs");
}

#[test]
fn doctor_suggests_a_name_that_resolves() {
    let app = FaultyApp::new("app-name", "no-such-app:8501");
    app.status_advises("no such host", "alias");
    let network = format!("{}-monitoring", app.scenario.stack());
    app.doctor_finds(
        "error",
        "does not resolve inside the network",
        "write `tdd-app` instead of `no-such-app`",
    );
    app.doctor_finds("error", "no-such-app:8501", &format!("--alias no-such-app {network}"));
}

#[test]
fn web_page_is_not_metrics() {
    let page = Behaviour::Answers("Content-Type: text/html; charset=utf-8\r\n", "<html></html>");
    let application = Application::reachable(page);
    let app = FaultyApp::new("app-page", &format!("tdd-app:{}", application.port()));
    app.status_advises("unsupported Content-Type \"text/html", "`st.App`");
    app.doctor_finds("error", "answers with a web page", "`/_stcore/metrics`");
}

#[test]
fn web_page_with_fallback_is_not_metrics() {
    let page = Behaviour::Answers("Content-Type: text/html; charset=utf-8\r\n", "<html></html>");
    let application = Application::reachable(page);
    let target = format!("tdd-app:{}", application.port());
    let fallback = "    fallback_scrape_protocol: PrometheusText1.0.0\n";
    let app = FaultyApp::with(scenario("app-fallback"), &target, fallback);
    app.status_advises("expected a valid start token, got \"<\"", "`st.App`");
    app.doctor_finds("error", "answers with a web page", "`st.App`");
}

#[test]
fn metrics_without_content_type_need_a_fallback() {
    let application = Application::reachable(Behaviour::Answers("", "app_health_status 1\n"));
    let app = FaultyApp::new("app-blank", &format!("tdd-app:{}", application.port()));
    app.status_advises("blank Content-Type", "fallback_scrape_protocol");
    app.doctor_finds(
        "error",
        "answers without a Content-Type",
        "fallback_scrape_protocol: PrometheusText1.0.0",
    );
}

#[test]
fn metrics_of_wrong_content_type_need_a_fallback() {
    let json = Behaviour::Answers("Content-Type: application/json\r\n", "{}");
    let application = Application::reachable(json);
    let app = FaultyApp::new("app-json", &format!("tdd-app:{}", application.port()));
    app.status_advises("\"application/json\"", "fallback_scrape_protocol");
    app.doctor_finds("error", "answers with `application/json`", "`text/plain; version=0.0.4`");
}

#[test]
fn healthy_application_and_receiver_are_good() {
    let (application, receiver) =
        (Application::reachable(Behaviour::Metrics), Application::reachable(Behaviour::Metrics));
    let scenario = scenario("well");
    scenario.succeed(&["init"]);
    for port in ["8501", "8502"] {
        let target = format!("tdd-app:{}", application.port());
        scenario.edit("prometheus.yml", &format!("tdd-app:{port}"), &target);
    }
    scenario.edit("alertmanager.yml", "tdd-webhook:5001", &format!("tdd-webhook:{}", receiver.port()));
    scenario.succeed(&["up"]);
    // Prometheus has not discovered a target yet.
    let output = scenario.succeed(&["doctor", "--require-app", "--output", "json"]).json();
    expect(&finding(&output, "application", Some(JOB)), "ok", "http://tdd-app", "");
    let all_up = |targets: &Vec<(String, String)>| {
        targets.len() == 6 && targets.iter().all(|(_, health)| health == "up")
    };
    eventually("every target is up", || scenario.targets(), all_up);
    let output = scenario.succeed(&["doctor", "--require-app", "--output", "json"]).json();
    assert_eq!((&output["schema"], &output["ok"]), (&"tdd-stack.doctor/1".into(), &true.into()));
    for job in [JOB, "app-metrics"] {
        expect(&finding(&output, "application", Some(job)), "ok", "is scraped", "");
    }
    expect(&finding(&output, "receiver", None), "ok", "answers Alertmanager's container", "");
    expect(&finding(&output, "service", None), "ok", "all 4 are ready", "");
    drop(receiver);
    let output = scenario.succeed(&["doctor", "--output", "json"]).json();
    expect(&finding(&output, "receiver", None), "warning", "nothing listens", "your alert receiver");
}
