//! Clocks that jump: files are compared by content, and waits use a monotonic clock.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use integration_tests::program;
use integration_tests::scene::Scene;

use super::listing;

#[test]
fn file_times_are_ignored() {
    let scene = Scene::after_up(program!());
    let folder = scene.folder().join("config/monitoring");
    let century = Duration::from_hours(100 * 365 * 24);
    for time in [UNIX_EPOCH, SystemTime::now() + century] {
        for name in listing(&folder).keys() {
            let file = File::options().append(true).open(folder.join(name)).expect("it exists");
            file.set_times(FileTimes::new().set_modified(time).set_accessed(time))
                .expect("this user owns it");
        }
        scene.run(["up"]).exits(0);
        assert_eq!(scene.engine.changes(), [""; 0]);
        assert!(scene.run(["init"]).exits(0).stdout.contains("12 files in "));
    }
}

#[test]
fn reload_is_detected_after_service_clock_moves_back() {
    let scene = Scene::after_up(program!());
    scene.engine.set_back_the_clock("tdd-prometheus", Duration::from_hours(1));
    scene.edit("alerts.yml", "groups: []\n");
    scene.run(["up", "--wait-timeout", "5s"]).exits(0);
    assert_eq!(scene.engine.loaded("tdd-prometheus")["alerts.yml"], "groups: []\n");
}

#[test]
fn service_started_in_the_future_is_accepted() {
    let scene = Scene::after_up(program!());
    for service in ["prometheus", "grafana", "node-exporter", "alertmanager"] {
        scene.engine.set_back_the_clock(&format!("tdd-{service}"), Duration::from_hours(24));
    }
    let output = scene.run(["status", "--output", "json"]);
    assert!([0, 6].contains(&output.code), "{output:?}");
    assert!(
        output.json()["services"]
            .as_array()
            .is_some_and(|all| all.iter().all(|service| service["ready"] == true))
    );
    scene.run(["up"]).exits(0);
    assert_eq!(scene.engine.changes(), [""; 0]);
}

#[test]
fn logs_since_accepts_future_and_rejects_invalid_dates() {
    let scene = Scene::after_up(program!());
    scene.run(["logs", "--since", "2037-12-31T00:00:00Z"]).exits(0);
    scene.run(["logs", "--since", "1969-01-01T00:00:00Z"]).exits(2).says("--since");
    scene.run(["logs", "--since", "2300-01-01T00:00:00Z"]).exits(2).says("too far away");
    scene.run(["logs", "--since", "90000y"]).exits(0);
}
