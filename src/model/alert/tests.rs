//! Tests of the merged list of alerts.

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect()
}

fn evaluated(name: &str, job: &str, is_firing: bool) -> PrometheusAlert {
    PrometheusAlert {
        labels: pairs(&[("alertname", name), ("job", job)]),
        is_firing,
        since: "2026-01-02T03:04:05.678Z".into(),
        ..PrometheusAlert::default()
    }
}

fn arrived(name: &str, job: &str, severity: &str) -> AlertmanagerAlert {
    AlertmanagerAlert {
        name: name.into(),
        labels: pairs(&[("alertname", name), ("job", job), ("environment", "test"), ("severity", severity)]),
        state: "active".into(),
        since: "2026-01-02T03:05:00Z".into(),
        receivers: vec!["pager".into()],
        fingerprint: format!("{name}-{job}"),
        ..AlertmanagerAlert::default()
    }
}

fn now() -> SystemTime {
    humantime::parse_rfc3339("2026-01-02T03:07:30Z").unwrap()
}

#[test]
fn alerts_of_both_services_are_listed_once() {
    let evaluated =
        [evaluated("Down", "a", true), evaluated("Down", "b", true), evaluated("Slow", "a", false)];
    let arrived = [arrived("Down", "a", "critical"), arrived("Foreign", "x", "warning")];
    let alerts = Alerts::of(&evaluated, &arrived, &[], now());
    let listed: Vec<(&str, &str, &AlertState)> = alerts
        .alerts
        .iter()
        .map(|alert| (alert.name.as_str(), alert.label("job").unwrap(), &alert.state))
        .collect();
    assert_eq!(
        listed,
        [
            ("Down", "a", &AlertState::Firing),
            ("Foreign", "x", &AlertState::Firing),
            ("Down", "b", &AlertState::NotArrived),
            ("Slow", "a", &AlertState::Pending),
        ]
    );
    assert_eq!(alerts.firing(), 3);
    assert_eq!(alerts.alerts[0].receivers, ["pager"]);
    assert_eq!(alerts.alerts[0].since.age, Some(Duration::from_secs(150)));
}

#[test]
fn pending_alert_is_listed_next_to_a_firing_one() {
    let alerts = Alerts::of(&[evaluated("Down", "a", false)], &[arrived("Down", "a", "x")], &[], now());
    assert_eq!(alerts.alerts.len(), 2);
}

#[test]
fn watchdog_is_not_listed() {
    let watchdog = [arrived(WATCHDOG, "", "none")];
    let alerts = Alerts::of(&[evaluated(WATCHDOG, "", true)], &watchdog, &[], now());
    assert!(alerts.alerts.is_empty());
    assert_eq!((alerts.firing(), alerts.delivery.unwrap().moment.as_str()), (0, "2026-01-02T03:05:00Z"));
    assert_eq!(Alerts::of(&[evaluated(WATCHDOG, "", true)], &[], &[], now()).delivery, None);
}

#[test]
fn suppressed_alert_names_its_silences_and_alerts() {
    let down = arrived("Down", "a", "critical");
    let slow = AlertmanagerAlert {
        state: "suppressed".into(),
        inhibited_by: vec![down.fingerprint.clone(), "gone".into()],
        silenced_by: vec!["s1".into(), "s2".into()],
        ..arrived("Slow", "a", "warning")
    };
    let silence = Silence {
        id: "s1".into(),
        author: "me".into(),
        comment: "night".into(),
        until: "2026-01-03T00:00:00Z".into(),
    };
    let alerts = Alerts::of(&[], &[slow, down], &[silence], now());
    assert_eq!(alerts.firing(), 1);
    let expected = ["silence by me until 2026-01-03T00:00:00Z: night", "silence s2", "Down", "alert gone"];
    assert_eq!(alerts.alerts[1].state, AlertState::Suppressed(expected.map(String::from).to_vec()));
}

#[test]
fn invalid_moment_has_no_age_and_future_one_zero() {
    assert_eq!(Since::new("2026-01-02T04:07:30+01:00", now()).age, None);
    assert_eq!(Since::new("2026-01-02T03:08:00Z", now()).age, Some(Duration::ZERO));
}
