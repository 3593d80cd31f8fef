//! The shipped Python files with real Python versions, real libraries and a real Prometheus.
//!
//! The tests are never skipped: `scripts/test.sh` creates the environments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, text, variable};
use serde_json::Value;

use crate::scenario;

/// The first and last release of each major version that `logging_config.yaml` supports.
const JSON_LOGGERS: [&str; 4] = ["3.1.0", "3.3.0", "4.0.0", "4.2.0"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}

/// Returns the environments of the matrix by their versions of Python and python-json-logger.
fn environments() -> BTreeMap<(String, String), PathBuf> {
    let folder = variable("TDD_TEST_PYTHON_MATRIX");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let versions = "import importlib.metadata as m, sys; print('%d.%d' % sys.version_info[:2], m.version('python-json-logger'))";
    let environment = |entry: std::io::Result<fs::DirEntry>| {
        let python = entry.expect("the folder is readable").path().join("bin/python");
        let output = run(Command::new(&python).args(["-c", versions]));
        let message = String::from_utf8_lossy(&output.stdout).into_owned();
        let (version, logger) = message.trim().split_once(' ').unwrap_or_else(|| panic!("{output:?}"));
        ((version.to_string(), logger.to_string()), python)
    };
    entries.map(environment).collect()
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

fn check_logging(python: &Path, folder: &Path) -> Output {
    let script = root().join("integration-tests/python/check_logging.py");
    run(Command::new(python).arg("-Werror").arg(script).arg(folder))
}

#[test]
#[expect(clippy::print_stdout, reason = "the output shows the tested versions")]
fn logging_configuration_works_with_every_supported_version() {
    let environments = environments();
    let mut failures = Vec::new();
    for ((python, logger), program) in &environments {
        let output = check_logging(program, &root().join("assets/logging"));
        let stdout = String::from_utf8_lossy(&output.stdout);
        println!("Python {python}, python-json-logger {logger}: {} checks", stdout.lines().count());
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            failures.push(format!("Python {python}, python-json-logger {logger}: {stderr}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let pythons: BTreeSet<&String> = environments.keys().map(|(python, _)| python).collect();
    assert!(!pythons.is_empty(), "the matrix is empty");
    for python in pythons {
        let loggers = environments.keys().filter(|(other, _)| other == python).map(|(_, logger)| logger);
        assert_eq!(loggers.collect::<Vec<_>>(), JSON_LOGGERS, "Python {python}");
    }
}

/// Faults that the check must find: file, original text, faulty text, expected message.
const FAULTS: [(&str, &str, &str, &str); 10] = [
    // The specification's own handler.
    (
        "logging_config.yaml",
        "streamlit_extension.observability.PrometheusLogHandler",
        "prometheus_client.logging.PrometheusHandler",
        "does not load",
    ),
    ("logging_config.yaml", "pythonjsonlogger.json", "pythonjsonlogger.jsonlogger", "does not load"),
    ("logging_config.yaml", "    (): pythonjsonlogger", "    class: pythonjsonlogger", "JSON"),
    ("observability.py", "file.parent.mkdir(parents=True, exist_ok=True)", "pass", "the log file is below"),
    ("logging_config.yaml", "    timestamp: true\n", "", "documented keys"),
    (
        "logging_config.yaml",
        "    level: WARNING\n\nloggers",
        "    level: ERROR\n\nloggers",
        "log_messages_total",
    ),
    ("observability.py", "LOG_MESSAGES.labels(logger, level)", "pass", "series at once"),
    ("observability.py", "        _report(error)\n        raise", "        raise", "uncaught exception"),
    ("observability.py", "if _report(error) and", "if", "script error"),
    (
        "observability.py",
        "labels(UNKNOWN_PAGE, SCRIPT_RUN, \"500\").inc()",
        "labels(ENTRY_PAGE, SCRIPT_RUN, \"500\").inc()",
        "unknown page",
    ),
];

#[test]
fn logging_check_finds_each_fault() {
    let python = PathBuf::from(variable("TDD_TEST_PYTHON"));
    for (faulty, from, to, message) in FAULTS {
        let folder = tempfile::tempdir().unwrap();
        for file in ["logging_config.yaml", "observability.py"] {
            let text = fs::read_to_string(root().join("assets/logging").join(file)).unwrap();
            assert!(file != faulty || text.contains(from), "`{file}` does not contain `{from}`");
            let text = if file == faulty { text.replace(from, to) } else { text };
            fs::write(folder.path().join(file), text).unwrap();
        }
        let output = check_logging(&python, folder.path());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(1),
            "the change from `{from}` to `{to}` is not detected: {stderr}"
        );
        assert!(stderr.contains(message), "the change from `{from}` to `{to}` has another message: {stderr}");
    }
}

#[test]
fn documented_database_check_reports_missing_database_as_down() {
    let (python, page) = (variable("TDD_TEST_PYTHON"), root().join("assets/monitoring-readme.md"));
    let check = |page: &Path| {
        let script = root().join("integration-tests/python/check_snippets.py");
        run(Command::new(&python).arg("-Werror").arg(script).arg(root().join("assets/logging")).arg(page))
    };
    let output = check(&page);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let faulty = folder.path().join("page.md");
    for (from, to) in [("?mode=rw", ""), ("SELECT count(*) FROM sqlite_master", "SELECT 1")] {
        assert!(text.contains(from), "the page does not contain `{from}`");
        fs::write(&faulty, text.replace(from, to)).unwrap();
        assert_eq!(
            check(&faulty).status.code(),
            Some(1),
            "the change from `{from}` to `{to}` is not detected"
        );
    }
}

/// The example application, started in a scenario's folder as its `README.md` describes.
struct Application {
    process: Child,
    url: String,
}

impl Application {
    fn start(scenario: &Scenario, address: IpAddr, ports: [u16; 2]) -> Self {
        let folder = scenario.folder();
        let package = folder.join("streamlit_extension");
        fs::create_dir(&package).expect("the folder can be created");
        for (from, to) in [
            (scenario.file("observability.py"), package.join("observability.py")),
            (root().join("docs/example-app/app.py"), folder.join("app.py")),
        ] {
            fs::copy(&from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
        let output = File::create(folder.join("output")).expect("the file can be created");
        let process = Command::new(variable("TDD_TEST_PYTHON"))
            .args(["-Werror", "app.py"])
            .current_dir(folder)
            .env("APP_ADDRESS", address.to_string())
            .env("APP_PORT", ports[0].to_string())
            .env("APP_METRICS_PORT", ports[1].to_string())
            .env_remove("LOG_DIR")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be shared"))
            .stderr(output)
            .spawn()
            .expect("Python starts");
        let mut application = Self { process, url: format!("http://{address}:{}", ports[0]) };
        let health = format!("{}/health/metrics", application.url);
        let answers = || {
            let ended = application.process.try_wait().expect("it can be asked");
            let output = || fs::read_to_string(folder.join("output")).unwrap_or_default();
            assert!(ended.is_none(), "the application ended: {}", output());
            http::get(&health)
        };
        eventually("the application answers", answers, |answer| answer.status == 200);
        application
    }

    fn get(&self, path: &str) -> u16 {
        http::get(&format!("{}{path}", self.url)).status
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // The application may have exited already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Returns the address of the application inside the containers.
fn application_address(scenario: &Scenario) -> IpAddr {
    let hosts = docker(&["exec", &scenario.container("prometheus"), "cat", "/etc/hosts"]);
    let mut lines = hosts.lines().filter_map(|line| line.split_once(char::is_whitespace));
    let found = lines.find(|(_, name)| name.trim() == "tdd-app");
    found.and_then(|(address, _)| address.parse().ok()).unwrap_or_else(|| panic!("no `tdd-app`: {hosts}"))
}

/// Returns the values of Prometheus' answer to an expression.
fn values(scenario: &Scenario, expression: &str) -> Vec<String> {
    let encoded: Vec<String> = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let answer = scenario.prometheus(&format!("query?query={}", encoded.concat()));
    let result = answer["result"].as_array().unwrap_or_else(|| panic!("{expression}: {answer}"));
    result.iter().map(|sample| text(&sample["value"][1])).collect()
}

#[test]
fn example_application_is_monitored_by_prometheus() {
    let scenario = scenario("example");
    scenario.succeed(&["up"]);
    let address = application_address(&scenario);
    let ports = [(); 2].map(|()| scenario.reserve_port());
    let every_second = "scrape_interval: 1s\n    scrape_timeout: 1s";
    scenario.edit("prometheus.yml", "scrape_interval: 10s\n    scrape_timeout: 5s", every_second);
    let job = "job_name: app-metrics";
    scenario.edit("prometheus.yml", job, &format!("{job}\n    {every_second}"));
    scenario.edit("prometheus.yml", "tdd-app:8501", &format!("tdd-app:{}", ports[0]));
    scenario.edit("prometheus.yml", "tdd-app:8502", &format!("tdd-app:{}", ports[1]));
    let application = Application::start(&scenario, address, ports);
    scenario.succeed(&["up", "--require-app"]);

    let pages = ["/", "/projects/example", "/projects/none", "/projects/none", "/archive", "/broken"];
    let statuses = pages.map(|page| application.get(page));
    assert_eq!(statuses, [200, 200, 404, 404, 503, 500]);

    for (expression, wanted) in [
        (r#"log_messages_total{job="app-metrics",logger="streamlit_extension",level="warning"}"#, "2"),
        // The closed archive and the uncaught exception.
        (r#"log_messages_total{job="app-metrics",logger="streamlit_extension",level="error"}"#, "2"),
        (r#"log_messages_total{job="app-metrics",logger="streamlit_extension",level="critical"}"#, "0"),
        (r#"sum(log_messages_total{job="app-metrics"})"#, "4"),
        (r#"http_requests_total{job="app-metrics",handler="/broken",status="500"}"#, "1"),
        (r#"http_requests_total{job="app-metrics",handler="/projects/{name}",status="404"}"#, "2"),
        (r#"database_connections_failed_total{job="app-metrics",database="archive"}"#, "1"),
        (r#"app_health_status{job="streamlit-app",component="database"}"#, "1"),
        (r#"count(app_build_info{job="streamlit-app",version="1.0.0"})"#, "1"),
        (r#"up{job="app-metrics"}"#, "1"),
        (r#"up{job="streamlit-app"}"#, "1"),
    ] {
        eventually(expression, || values(&scenario, expression), |found| *found == [wanted]);
    }

    let rules = scenario.rules();
    let rule = rules.iter().find(|rule| rule["name"] == "AppMetricsMissing").expect("the rule is loaded");
    let missing = text(&rule["query"]);
    assert_eq!(values(&scenario, &missing), [""; 0], "the application breaks the contract: {missing}");
    let other_name = missing.replace("log_messages_total", "log_lines_total");
    assert_eq!(values(&scenario, &other_name), ["1"], "a missing metric is not detected");

    let database = scenario.folder().join("projects.db");
    fs::remove_file(&database).expect("the application created its database");
    let health = r#"app_health_status{job="streamlit-app",component="database"}"#;
    eventually("a missing database is down", || values(&scenario, health), |found| *found == ["0"]);
    assert!(!database.exists(), "the health check created a database");

    let log = fs::read_to_string(scenario.folder().join("logs/application.log")).unwrap();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let uncaught = records.iter().find(|record| record["message"] == "uncaught exception").unwrap();
    assert!(text(&uncaught["exc_info"]).contains("this page is broken"), "{uncaught}");
    assert_eq!(text(&uncaught["trace_id"]).len(), 32, "{uncaught}");
    assert_eq!(uncaught["process"], application.process.id(), "{uncaught}");
}
