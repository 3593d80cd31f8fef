//! Backup and restore with the real services: all data returns, or nothing is changed.

mod crash;
mod trouble;

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::read::MultiGzDecoder;
use integration_tests::http::{self, Login};
use integration_tests::scenario::{Scenario, docker, eventually, text};
use serde_json::{Value, json};

use integration_tests::second_engine::SecondEngine;
use tdd_stack::model::stack::sha256;

use crate::scenario;

/// Data volumes without the stack's name.
const DATA: [&str; 3] = ["alertmanager_data", "grafana_data", "prometheus_data"];
/// A password that is neither the well-known one nor on any command line.
const CHANGED: Login<'_> = Login { user: "admin", password: "changed-by-hand" };

/// Data of the services, queried in a form that does not change with time.
#[derive(Debug, PartialEq)]
struct Data {
    samples: Value,
    silences: Vec<String>,
    dashboard: Value,
}

/// A stack with data in each of its volumes.
struct Filled {
    scenario: Scenario,
    at: u64,
    data: Data,
    file: PathBuf,
}

impl Filled {
    fn new(name: &str) -> Self {
        let scenario = scenario(name);
        scenario.succeed(&["up"]);
        scenario.silence("MemoryUsageHigh", "kept through a backup");
        let url = scenario.url("grafana");
        let own = json!({"dashboard": {"uid": "own", "title": "The user's own", "panels": []}});
        let answer =
            http::request("POST", &format!("{url}/api/dashboards/db"), Some(http::ADMIN), Some(&own));
        assert_eq!(answer.status, 200, "{answer:?}");
        let scraped =
            || scenario.prometheus("query?query=count_over_time(prometheus_tsdb_head_series%5B1h%5D)");
        eventually("there are some samples", scraped, |seen| {
            text(&seen["result"][0]["value"][1]).parse().is_ok_and(|count: u32| count >= 2)
        });
        // A query at this time includes no later scrape.
        let at = now() - 1;
        let data = look(&scenario, at, http::ADMIN);
        assert_eq!(data.silences, ["kept through a backup"]);
        assert_eq!(data.dashboard["title"], "The user's own");
        let file = scenario.folder().join("stack.backup");
        Self { scenario, at, data, file }
    }

    fn path(&self) -> &str {
        self.file.to_str().expect("it is UTF-8")
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set").as_secs()
}

fn look(scenario: &Scenario, at: u64, login: Login<'_>) -> Data {
    let counts = "count_over_time(up%5B1h%5D)%20or%20count_over_time(node_cpu_seconds_total%5B1h%5D)";
    let query = format!("query?query={counts}&time={at}");
    let mut samples = scenario.prometheus(&query)["result"].take();
    // The order of series is not guaranteed.
    if let Some(series) = samples.as_array_mut() {
        series.sort_by_key(|series| series["metric"].to_string());
    }
    assert!(samples.as_array().is_some_and(|series| series.len() > 8), "{samples}");
    let silences = http::get(&format!("{}/api/v2/silences", scenario.url("alertmanager"))).json();
    let silences =
        silences.as_array().expect("it is a list").iter().map(|silence| text(&silence["comment"])).collect();
    let url = format!("{}/api/dashboards/uid/own", scenario.url("grafana"));
    let dashboard = http::request("GET", &url, Some(login), None).json()["dashboard"].take();
    Data { samples, silences, dashboard }
}

/// Writes a password to a file that only its owner can read, and returns the path.
fn password_file(scenario: &Scenario, password: &str) -> String {
    let path = scenario.folder().join("password");
    std::fs::write(&path, password).expect("it is writable");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("this user owns it");
    path.to_str().expect("it is UTF-8").to_string()
}

fn change_password(scenario: &Scenario) {
    let body = json!({"oldPassword": http::ADMIN.password, "newPassword": CHANGED.password, "confirmNew": CHANGED.password});
    let url = format!("{}/api/user/password", scenario.url("grafana"));
    let answer = http::request("PUT", &url, Some(http::ADMIN), Some(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn volumes(scenario: &Scenario) -> Vec<String> {
    DATA.iter().map(|name| format!("{}_{name}", scenario.stack())).collect()
}

/// Returns hidden files of a folder, such as temporary ones.
fn hidden(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).expect("it is readable");
    let names = names.map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

/// Returns owners and modes of the folders that the services write.
fn owners(scenario: &Scenario) -> Vec<String> {
    let look = |service: &str, paths: &[&str]| {
        docker(&[&["exec", &scenario.container(service), "stat", "-c", "%n %u:%g %a"], paths].concat())
    };
    let seen = [
        look("prometheus", &["/prometheus", "/prometheus/wal"]),
        look("grafana", &["/var/lib/grafana", "/var/lib/grafana/grafana-double.json"]),
        look("alertmanager", &["/alertmanager"]),
    ];
    seen.iter().flat_map(|text| text.lines()).map(ToString::to_string).collect()
}

/// Returns the hash of every configuration file by name.
fn files(scenario: &Scenario) -> Vec<(String, String)> {
    let folder = scenario.folder().join("config/monitoring");
    let entries = std::fs::read_dir(folder).expect("it is readable").map(|entry| {
        let path = entry.expect("it is readable").path();
        let content = std::fs::read(&path).expect("it is readable");
        (path.file_name().expect("the path has a file name").to_string_lossy().into_owned(), sha256(&content))
    });
    // The program's checksum list never contains edited files.
    let mut files: Vec<(String, String)> = entries.filter(|(name, _)| !name.starts_with('.')).collect();
    files.sort();
    files
}

#[test]
fn restore_returns_all_data_after_down_with_volumes() {
    let filled = Filled::new("backup");
    let scenario = &filled.scenario;
    scenario.edit("alerts.yml", "severity: critical", "severity: critical # by the user");
    change_password(scenario);
    let password = password_file(scenario, CHANGED.password);
    let login = ["--grafana-password-file", password.as_str()];
    scenario.succeed(&[&["up"], &login[..]].concat());
    let (before, configuration, owners) = (scenario.ids(), files(scenario), owners(scenario));

    let output = scenario.succeed(&["backup", filled.path(), "--output", "json"]);
    let report = output.json();
    assert_eq!(report["schema"], "tdd-stack.backup-report/1");
    let paused: Vec<String> = report["pauses"]
        .as_array()
        .expect("it is a list")
        .iter()
        .map(|pause| text(&pause["service"]))
        .collect();
    assert_eq!(paused, ["prometheus", "grafana", "alertmanager"]);
    output.says("stopping prometheus while its data is read").says("prometheus is ready again after");
    assert_eq!(scenario.ids(), before, "a container was replaced");
    scenario.plan(&login).exits(0);
    assert_eq!(std::fs::metadata(&filled.file).expect("it exists").permissions().mode() & 0o777, 0o600);
    assert_eq!(hidden(scenario.folder()), [""; 0]);

    scenario.succeed(&["down", "--volumes"]);
    assert_eq!(scenario.objects("volume"), [""; 0]);
    std::fs::remove_dir_all(scenario.folder().join("config")).expect("the folder can be removed");

    let restored = scenario.succeed(&["restore", filled.path()]);
    assert!(restored.stdout.contains("Start it: tdd-stack up"), "{}", restored.stdout);
    assert_eq!(scenario.objects("volume"), volumes(scenario));
    assert_eq!(scenario.objects("container"), [""; 0]);
    assert_eq!(files(scenario), configuration);

    scenario.succeed(&[&["up"], &login[..]].concat());
    assert_eq!(look(scenario, filled.at, CHANGED), filled.data);
    assert_eq!(self::owners(scenario), owners);
    let status = scenario.run(&[&["status", "--output", "json"], &login[..]].concat()).json();
    assert_eq!(status["edited"].to_string().matches("alerts.yml").count(), 1, "{}", status["edited"]);
}

#[test]
fn backup_contains_no_password() {
    let scenario = scenario("secret");
    let password = password_file(&scenario, "a-very-long-secret");
    let login = ["--grafana-password-file", password.as_str()];
    scenario.succeed(&[&["up"], &login[..]].concat());
    let file = scenario.folder().join("stack.backup");
    scenario.succeed(&[&["backup", file.to_str().expect("it is UTF-8")], &login[..]].concat());
    let backup = std::fs::File::open(&file).expect("it is readable");
    let mut inside = Vec::new();
    MultiGzDecoder::new(backup).read_to_end(&mut inside).expect("any gzip can read it");
    let has = |words: &str| inside.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(has("tdd-stack.backup/1") && has("grafana_data"));
    assert!(!has("a-very-long-secret"));
}

#[test]
fn backup_never_starts_stopped_services() {
    let filled = Filled::new("asleep");
    let scenario = &filled.scenario;
    scenario.succeed(&["down"]);
    let report = scenario.succeed(&["backup", filled.path(), "--output", "json"]).json();
    assert_eq!(report["pauses"], json!([]));
    assert_eq!(scenario.objects("container"), [""; 0]);

    // A second stack with another name is restored from the same backup.
    let other = crate::scenario("awake");
    other.succeed(&["restore", filled.path()]);
    other.succeed(&["up"]);
    assert_eq!(look(&other, filled.at, http::ADMIN), filled.data);

    // A service that was stopped by hand stays stopped.
    docker(&["stop", &other.container("alertmanager")]);
    let report = other.succeed(&["backup", filled.path(), "--force", "--output", "json"]).json();
    assert_eq!(report["pauses"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(other.inspect("alertmanager")["State"]["Status"], "exited");
    assert_eq!(other.inspect("prometheus")["State"]["Status"], "running");
}

#[test]
fn restore_works_on_an_empty_engine() {
    let filled = Filled::new("moves");
    filled.scenario.succeed(&["backup", filled.path()]);
    let engine = SecondEngine::start();
    let other = Scenario::on(&engine, env!("CARGO_BIN_EXE_tdd-stack-under-test"), "moved");
    assert_eq!(engine.docker(&["image", "ls", "--quiet"]), "");
    let restored = other.succeed(&["restore", filled.path()]);
    restored.says("pulling ");
    assert_eq!(other.objects("volume"), volumes(&other));
    assert_eq!(other.objects("container"), [""; 0]);
    other.succeed(&["up"]);
    assert_eq!(look(&other, filled.at, http::ADMIN), filled.data);
    assert_eq!(files(&other), files(&filled.scenario));
}
