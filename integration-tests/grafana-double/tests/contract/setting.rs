//! A double with everything that an assertion may need: a Prometheus, and data sources and dashboards from files.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use grafana_double::contract::{Answer, Grafana, Target};
use grafana_double::{Flavour, Running};
use tempfile::TempDir;

use crate::fake_prometheus::FakePrometheus;

/// The double's program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_grafana-double");

/// The password of every double in these tests.
pub(crate) const PASSWORD: &str = "contract123";

/// A running double and its environment.
pub(crate) struct Setting {
    pub(crate) grafana: Grafana,
    pub(crate) prometheus: FakePrometheus,
    pub(crate) double: Running,
    pub(crate) data: TempDir,
}

impl Setting {
    /// Starts a double with this flavour.
    pub(crate) async fn new(flavour: Flavour) -> Self {
        Self::with(flavour, &[]).await
    }

    /// Starts a double with this flavour and more variables.
    pub(crate) async fn with(flavour: Flavour, variables: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        provision(data.path());
        let mut all = vec![("TDD_DOUBLE_FLAVOUR", flavour.name()), ("GF_SECURITY_ADMIN_PASSWORD", PASSWORD)];
        all.extend(variables);
        let mut double = Running::start(PROGRAM, data.path(), &all).unwrap();
        double.wait_for("finished to provision dashboards").unwrap();
        let prometheus = FakePrometheus::start().await;
        let target =
            Target { prometheus: Some(prometheus.url.clone()), ..target(&double, PASSWORD, flavour) };
        Self { grafana: Grafana::new(target).unwrap(), prometheus, double, data }
    }
}

/// Returns a double as a target with strict checks.
pub(crate) fn target(double: &Running, password: &str, flavour: Flavour) -> Target {
    Target {
        base: double.base().to_string(),
        user: "admin".into(),
        password: password.into(),
        prometheus: None,
        read_only_data_source: Some("from-file".into()),
        provisioned_dashboard: Some("from-file".into()),
        may_lock_out: true,
        flavour: Some(flavour),
    }
}

/// Reads a path until the answer fits, and returns the answer and the elapsed time.
pub(crate) async fn until(
    grafana: &Grafana,
    path: &str,
    fits: impl Fn(&Answer) -> bool,
) -> (Answer, Duration) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        ticks.tick().await;
        let answer = grafana.get(path).await.unwrap();
        if fits(&answer) {
            return (answer, start.elapsed());
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{path} still answers {} {}",
            answer.status,
            answer.text
        );
    }
}

/// Writes a file and its parent folders.
pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn provision(data: &Path) {
    let source = "apiVersion: 1\ndatasources:\n  - {name: From a file, uid: from-file, type: prometheus, access: proxy, \
                  url: 'http://127.0.0.1:1', editable: false}\n";
    write(data, "provisioning/datasources/prometheus.yaml", source);
    let dashboards = data.join("dashboards");
    let provider = format!(
        "apiVersion: 1\nproviders:\n  - {{name: tdd, type: file, updateIntervalSeconds: 1, options: {{path: '{}'}}}}\n",
        dashboards.display()
    );
    write(data, "provisioning/dashboards/tdd.yaml", &provider);
    write(data, "dashboards/from-file.json", r#"{"uid": "from-file", "title": "From a file", "panels": []}"#);
}
