//! Assertions that need control of the process: 1, 3, 10, and the times of 8 and 39.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use grafana_double::contract::{Assertion, Grafana, Target};
use grafana_double::{DATABASE_FAILING_FILE, Flavour, Running};
use serde_json::json;

use crate::setting::{PROGRAM, Setting, target, until, write};

#[test]
fn a01_connections_are_refused_before_it_listens() {
    // A unique address: no other test can get this port before the double listens.
    let address = "127.0.0.101";
    let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
    let data = tempfile::tempdir().unwrap();
    let variables = [
        ("GF_SERVER_HTTP_ADDR", address),
        ("GF_SERVER_HTTP_PORT", &*port.to_string()),
        ("TDD_DOUBLE_START_DELAY", "700ms"),
    ];
    let start = Instant::now();
    let mut double = Running::spawn(PROGRAM, data.path(), &variables).unwrap();
    let mut n_refused = 0;
    while TcpStream::connect((address, port)).is_err() {
        n_refused += 1;
        assert!(start.elapsed() < Duration::from_secs(15), "{}", double.log());
        std::thread::yield_now();
    }
    assert!(start.elapsed() >= Duration::from_millis(700), "it listened after {:?}", start.elapsed());
    assert!(n_refused > 0);
    double.wait_for("HTTP Server Listen").unwrap();
}

#[tokio::test]
async fn a03_health_shows_a_failing_database() {
    let setting = Setting::new(Flavour::Classic).await;
    let file = setting.data.path().join(DATABASE_FAILING_FILE);
    std::fs::write(&file, "").unwrap();
    let health = setting.grafana.get("/api/health").await.unwrap();
    health.has_status(503).and_then(|health| health.has("/database", "failing")).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (_, late) = until(&setting.grafana, "/api/health", |health| health.status == 200).await;
    assert!(late > Duration::from_secs(4) && late < Duration::from_secs(10), "{late:?}");
}

#[tokio::test]
async fn a08_locked_name_works_after_the_window() {
    let setting = Setting::with(Flavour::Classic, &[("TDD_DOUBLE_LOCKOUT_WINDOW", "3s")]).await;
    Assertion::numbered(8).unwrap().check(&setting.grafana).await.unwrap();
    // While locked, even the right password is rejected, and these tries do not extend the lock.
    let (_, locked) = until(&setting.grafana, "/api/org", |org| org.status == 200).await;
    assert!(locked > Duration::from_millis(500) && locked < Duration::from_secs(8), "{locked:?}");
}

#[tokio::test]
async fn a08_lock_survives_a_restart() {
    let mut setting = Setting::new(Flavour::Classic).await;
    Assertion::numbered(8).unwrap().check(&setting.grafana).await.unwrap();
    assert!(setting.double.stop().unwrap().success());
    let again = Running::start(PROGRAM, setting.data.path(), &[]).unwrap();
    let grafana =
        Grafana::new(Target { base: again.base().into(), ..setting.grafana.target.clone() }).unwrap();
    grafana.get("/api/org").await.unwrap().has_status(401).unwrap();
}

#[tokio::test]
async fn a10_password_of_the_first_start_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let mut first =
        Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD", "first1")]).unwrap();
    assert!(first.stop().unwrap().success());
    let second = Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD", "second2")]).unwrap();
    for (password, status) in [("first1", 200), ("second2", 401)] {
        let grafana = Grafana::new(target(&second, password, Flavour::Classic)).unwrap();
        grafana.get("/api/org").await.unwrap().has_status(status).unwrap();
    }
}

#[tokio::test]
async fn a39_new_dashboard_is_found_after_a_delay() {
    let setting = Setting::with(Flavour::Unified, &[("TDD_DOUBLE_SEARCH_DELAY", "1500ms")]).await;
    let body = json!({"dashboard": {"uid": "new", "title": "Brand new"}, "overwrite": true});
    setting.grafana.post("/api/dashboards/db", &body).await.unwrap().has_status(200).unwrap();
    setting.grafana.get("/api/dashboards/uid/new").await.unwrap().has_status(200).unwrap();
    let (_, late) = until(&setting.grafana, "/api/search?query=brand", |found| found.text != "[]").await;
    assert!(late > Duration::from_secs(1), "{late:?}");
}

#[tokio::test]
async fn password_is_read_from_a_file() {
    let data = tempfile::tempdir().unwrap();
    write(data.path(), "secret", "from-a-file\n");
    let file = data.path().join("secret").display().to_string();
    let double =
        Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD__FILE", &file)]).unwrap();
    let grafana = Grafana::new(target(&double, "from-a-file", Flavour::Classic)).unwrap();
    grafana.get("/api/org").await.unwrap().has_status(200).unwrap();
}

#[tokio::test]
async fn signal_stops_it_despite_an_open_connection() {
    let mut setting = Setting::new(Flavour::Classic).await;
    setting.grafana.get("/api/org").await.unwrap().has_status(200).unwrap();
    let start = Instant::now();
    assert_eq!(setting.double.stop().unwrap().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn signal_stops_it_before_it_listens() {
    let data = tempfile::tempdir().unwrap();
    let mut double = Running::spawn(PROGRAM, data.path(), &[("TDD_DOUBLE_START_DELAY", "1h")]).unwrap();
    double.wait_for("Created default admin").unwrap();
    assert_eq!(double.stop().unwrap().code(), Some(0));
    assert!(!double.log().contains("HTTP Server Listen"));
}

#[test]
fn unwritable_data_folder_ends_the_process() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut double = Running::spawn(PROGRAM, &file.path().join("data"), &[]).unwrap();
    assert_eq!(double.wait().unwrap().code(), Some(1));
    let log = double.log();
    assert!(log.contains("is not writable.") && log.contains("mkdir: can't create directory"), "{log}");
    assert!(!log.contains("HTTP Server Listen"));
}
