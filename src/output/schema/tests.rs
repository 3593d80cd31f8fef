//! An example of each schema, compared with a snapshot and with `docs/json.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::documentation::{assert_common_in_use, assert_complete};
use super::value;
use crate::backup::format::{
    About, Entry, EntryKind, Manifest, Pause, RecordedImage, RestoreReport, SCHEMA, SaveReport,
};
use crate::config::settings::{Password, PasswordOrigin, Secret};
use crate::doctor::{Finding, Severity};
use crate::drill::trace::{AlertTrace, Stage};
use crate::error::{ConfigFault, Conflict, Error, ObjectKind, PullFault, and_clean_up};
use crate::model::alert::{Alert, AlertState, Alerts, Delivery, Since};
use crate::model::event::{Event, EventKind};
use crate::model::log::{LogRecord, LogStream};
use crate::model::observed::{ContainerState, Readiness};
use crate::model::stack::Login;
use crate::model::verification::{DashboardCheck, Health, PanelCheck, Rules, Target, Verification};
use crate::output::{CheckReport, FileOutcome, FileReport, Removed, Summary, Timing, Timings};
use crate::plan::{Cause, Operation, Plan, Step, TextChange, Verb};
use crate::services::Release;
use crate::status::{ServiceStatus, Status};

/// Compares the examples of a schema with their snapshot and with the documentation.
fn assert_documented<D: Serialize>(schema: &str, examples: &[D]) -> Vec<Value> {
    let name = schema.trim_start_matches("tdd-stack.").trim_end_matches("/1");
    let examples: Vec<Value> = examples.iter().map(value).collect();
    let texts: Vec<String> = examples.iter().map(|example| format!("{:#}", without_prose(example))).collect();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, texts.join("\n"));
    });
    for example in &examples {
        let named = example.get("schema").and_then(Value::as_str);
        assert!(named.is_none_or(|named| named == schema), "{named:?} is not {schema}");
    }
    assert_complete(schema, &examples);
    examples
}

/// Returns an example without the texts that may change.
fn without_prose(example: &Value) -> Value {
    let prose = ["cause", "fault", "hint", "message"];
    match example {
        Value::Object(object) => {
            let shown = |(key, value): (&String, &Value)| match value {
                Value::String(_) if prose.contains(&key.as_str()) => (key.clone(), "…".into()),
                value => (key.clone(), without_prose(value)),
            };
            object.iter().map(shown).collect()
        }
        Value::Array(items) => items.iter().map(without_prose).collect(),
        value => value.clone(),
    }
}

fn plan() -> Plan {
    let image = "prom/prometheus:v3.13.4".to_string();
    let pull = Operation::Pull { image, service: "prometheus".into() };
    let start = Operation::CreateNetwork("tdd-monitoring".into());
    Plan {
        steps: vec![
            Step { operation: pull, cause: Cause::Absent, needs: vec![] },
            Step { operation: start, cause: Cause::Absent, needs: vec![0] },
        ],
        conflicts: vec![
            Conflict::Foreign { kind: ObjectKind::Volume, name: "tdd-prometheus-data".into() },
            Conflict::Dashboard { uid: "tdd-main".into(), file: "grafana_dashboards.json".into() },
            Conflict::File { path: "tdd.tar.gz".into() },
            Conflict::Port {
                service: "grafana".into(),
                address: ([127, 0, 0, 1], 3000).into(),
                holder: Some("`nginx` (process 812)".into()),
            },
        ],
        ..Plan::default()
    }
}

fn status() -> Status {
    let running = ServiceStatus {
        name: "grafana".into(),
        state: Some(ContainerState::Running),
        readiness: Readiness::Ready,
        image: "grafana/grafana:13.1.7".into(),
        url: Some("http://127.0.0.1:3000".into()),
        port: Some(3000),
        drift: vec![],
        without: None,
    };
    let absent = ServiceStatus {
        name: "prometheus".into(),
        state: None,
        readiness: Readiness::NotReady("the container is missing".into()),
        image: "prom/prometheus:v3.13.4".into(),
        url: None,
        port: None,
        drift: vec!["it is missing".into()],
        without: Some("rslave".into()),
    };
    Status {
        stack: "tdd".into(),
        services: vec![running, absent],
        edited: vec!["alerts.yml".into()],
        edited_inside: vec!["tdd-main".into()],
        conflicts: plan().conflicts,
        deliveries: None,
        receivers: vec!["tdd-webhook:5001".into()],
        hindrance: None,
        proof: Some(verification()),
    }
}

fn verification() -> Verification {
    let panel = |title: &str, series| PanelCheck { title: title.into(), series, shows_alerts: false };
    Verification {
        targets: vec![Target {
            job: "app-metrics".into(),
            url: "http://host.docker.internal:8502/metrics".into(),
            health: Health::Down,
            required: false,
            error: "connection refused".into(),
            advice: Some("start the application on 0.0.0.0"),
        }],
        rules: Rules { total: 2, healthy: 2, firing: vec!["Watchdog".into()], failing: vec![] },
        alertmanager_active: true,
        watchdog_arrived: true,
        dashboards: vec![DashboardCheck {
            uid: "tdd-main".into(),
            url: "http://127.0.0.1:3000/d/tdd-main".into(),
            panels: vec![panel("Requests", Ok(3)), panel("Errors", Err("bad query".into()))],
        }],
        ..Verification::default()
    }
}

fn faults() -> Vec<ConfigFault> {
    vec![ConfigFault { file: "config/alerts.yml".into(), line: Some(7), reason: "unknown key".into() }]
}

fn manifest() -> Manifest {
    let entry = |path: &str, kind, size| Entry { path: path.into(), kind, size, sha256: None };
    let image = RecordedImage { reference: "prom/prometheus:v3.13.4".into(), id: "sha256:2a".into() };
    Manifest {
        schema: SCHEMA.into(),
        about: About {
            stack: "tdd".into(),
            version: "0.1.0".into(),
            created: "2026-11-24T10:00:00Z".into(),
            images: BTreeMap::from([("prometheus".into(), image)]),
            edited: vec![],
        },
        entries: vec![
            entry("volumes/prometheus_data", EntryKind::Folder, 0),
            entry("volumes/prometheus_data/wal", EntryKind::File, 42),
            entry("config/alerts.yml", EntryKind::File, 7),
        ],
    }
}

#[test]
fn plan_and_status_match_their_documentation() {
    let change = TextChange {
        service: "prometheus".into(),
        name: "alerts.yml".into(),
        subjects: vec!["A changed".into()],
        diff: "-a\n+b\n".into(),
    };
    let (plan, status) = (plan(), status());
    let mut seen = assert_documented("tdd-stack.plan/1", &[super::plan("tdd", &plan, &[change])]);
    seen.extend(assert_documented("tdd-stack.status/1", &[super::status(&status)]));
    let checks = vec![CheckReport {
        title: "promtool check config".into(),
        files: vec!["prometheus.yml"],
        faults: faults(),
    }];
    seen.extend(assert_documented("tdd-stack.check/1", &[super::checks("tdd", &checks)]));
    assert_common_in_use(&seen);
}

#[test]
fn up_matches_its_documentation() {
    let (plan, status) = (plan(), status());
    let origin = PasswordOrigin::Generated("/home/user/.local/state/tdd-stack/tdd/grafana-password".into());
    let login = Login { user: "admin".into(), password: Password { secret: Secret::new("x"), origin } };
    let timing = Timing {
        verb: Verb::Pull,
        target: "prom/prometheus:v3.13.4".into(),
        service: Some("prometheus".into()),
        began: Duration::ZERO,
        took: Duration::from_millis(1500),
    };
    let summary = Summary {
        status: &status,
        plan: &plan,
        changes: &[],
        folder: std::path::Path::new("config/monitoring"),
        timings: &Timings(vec![timing]),
        total: Duration::from_secs(2),
        login: &login,
        dashboards: vec!["tdd-main"],
    };
    assert_documented("tdd-stack.up/1", &[super::summary(&summary)]);
}

#[test]
fn init_and_down_match_their_documentation() {
    let report = |path: &str, outcome| FileReport { path: path.into(), outcome };
    let reports = [
        report("alerts.yml", FileOutcome::Written { backup: Some("alerts.yml.1".into()) }),
        report("prometheus.yml", FileOutcome::Unchanged),
    ];
    assert_documented("tdd-stack.init/1", &[super::files("tdd", &reports)]);
    assert_documented("tdd-stack.dashboards-pull/1", &[super::pulled("tdd", &reports)]);
    let removed = Removed {
        stack: "tdd",
        plan: &plan(),
        kept: vec!["tdd-prometheus-data".into()],
        password_file: Some("/home/user/.local/state/tdd-stack/tdd/grafana-password".into()),
        total: Duration::from_secs(1),
    };
    assert_documented("tdd-stack.down/1", &[super::removed(&removed)]);
}

#[test]
fn alerts_and_drill_match_their_documentation() {
    let since = || Since { moment: "2026-11-24T10:00:00Z".into(), age: Some(Duration::from_secs(61)) };
    let alert = Alert {
        name: "SlowQueries".into(),
        state: AlertState::Suppressed(vec!["silence 2a".into()]),
        since: since(),
        labels: vec![("severity".into(), "warning".into())],
        annotations: vec![("summary".into(), "Queries are slow".into())],
        receivers: vec!["tdd-webhook".into()],
    };
    let delivery = Delivery { integration: "webhook".into(), delivered: 3, failed: 0 };
    let alerts = Alerts {
        alerts: vec![alert],
        delivery: Some(since()),
        deliveries: Some(vec![delivery]),
        unanswered: vec![],
    };
    assert_documented("tdd-stack.alerts/1", &[super::alerts("tdd", &alerts)]);
    let mut trace = AlertTrace::new("SlowQueries");
    trace.reach(Stage::Received, Duration::from_millis(7600));
    let total = Duration::from_secs(30);
    assert_documented("tdd-stack.drill/1", &[super::drill("tdd", &[trace], total)]);
}

#[test]
fn doctor_and_version_match_their_documentation() {
    let finding = |state, fix: Option<&str>| Finding {
        check: "image",
        subject: Some("grafana".into()),
        state,
        what: "the registry does not have it".into(),
        fix: fix.map(Into::into),
        brief: None,
    };
    let findings = [
        finding(Severity::Good, None),
        finding(Severity::Warning, None),
        finding(Severity::Bad, Some("check `--registry`")),
    ];
    assert_documented("tdd-stack.doctor/1", &[super::findings("tdd", &findings)]);
    let release = Release { service: "grafana", image: "grafana/grafana:13.1.7", tested: "13.1.7" };
    assert_documented("tdd-stack.version/1", &[super::versions("0.1.0", &[release])]);
}

#[test]
fn backup_and_restore_match_their_documentation() {
    let saved = SaveReport {
        file: "tdd.tar.gz".into(),
        bytes: 1234,
        manifest: manifest(),
        pauses: vec![Pause { service: "prometheus".into(), took: Duration::from_millis(700) }],
    };
    let total = Duration::from_secs(2);
    assert_documented("tdd-stack.backup-report/1", &[super::saved(&saved, total)]);
    let restored = RestoreReport {
        stack: "copy".into(),
        file: "tdd.tar.gz".into(),
        manifest: manifest(),
        written: vec!["config/alerts.yml".into()],
        kept: vec![],
    };
    assert_documented("tdd-stack.restore/1", &[super::restored(&restored, total)]);
    let bundle = super::bundle(Path::new("tdd-stack-support-tdd.tar.gz"), &["plan.json", "plan.txt"]);
    assert_documented("tdd-stack.support-bundle/1", &[bundle]);
}

#[test]
fn error_matches_its_documentation() {
    let refused = || Error::engine("remove container `a`")("permission denied");
    let pull = Error::Pull {
        images: vec!["prom/prometheus:v3.13.4".into()],
        fault: PullFault::NotFound,
        source: "manifest unknown".into(),
    };
    let cleaned = and_clean_up::<()>(Err(Error::Conflicts(plan().conflicts)), [refused()]).unwrap_err();
    let errors =
        [pull, cleaned, Error::Faults(faults()), Error::Problems(vec!["grafana is not ready".into()])];
    let diagnostics = PathBuf::from("/home/user/.local/state/tdd-stack/tdd-pull");
    let documents: Vec<_> = errors.iter().map(|error| super::error(error, Some(&diagnostics))).collect();
    assert_documented("tdd-stack.error/1", &documents);
}

#[test]
fn lines_match_their_documentation() {
    let kinds = [
        EventKind::Started,
        EventKind::Layer { layer: "2a".into(), word: "Downloading".into(), current: Some(1), total: Some(2) },
        EventKind::Waiting("connection refused".into()),
        EventKind::Note("the login is new".into()),
        EventKind::Finished,
        EventKind::Abandoned,
        EventKind::Failed("cannot pull".into()),
    ];
    let plan = plan();
    let events = kinds.map(|kind| Event { elapsed: Duration::from_millis(2500), step: 1, kind });
    let took = Duration::from_secs(1);
    let time = Some("2026-11-24T10:00:00Z");
    let mut lines: Vec<Value> =
        events.iter().map(|event| value(&super::event(&plan, event, took, time))).collect();
    lines.push(value(&super::talk(took, "waiting for a lock")));
    assert_documented("tdd-stack.event/1", &lines);
    let record = LogRecord {
        time: Some("2026-11-24T10:00:00Z".into()),
        stream: LogStream::Stderr,
        text: "HTTP Server Listen".into(),
    };
    assert_documented("tdd-stack.log/1", &[super::log("grafana", &record)]);
}
