//! A unique stack on the real engine for one test, and queries of the engine and its services.
//!
//! The engine is queried with the `docker` command, independently of the program. Objects with the stack's label are
//! removed when the scenario ends, also after a failure. Scenarios are never skipped: without engine or image they fail.

mod converged;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{Output, Running, TddStack};
use crate::http::{self, Answer};
use crate::ports::ReservedPort;
use crate::second_engine::SecondEngine;

/// The label of every object of a stack.
const LABEL: &str = "tdd-stack.stack";
/// The longest wait for a condition: three scrapes and a rule evaluation at 15 seconds.
const LIMIT: Duration = Duration::from_mins(1);
/// Services in the order of `status`.
pub const SERVICES: [&str; 4] = ["prometheus", "grafana", "node-exporter", "alertmanager"];

/// A unique stack on the real engine.
#[derive(Debug)]
pub struct Scenario {
    program: PathBuf,
    stack: String,
    folder: tempfile::TempDir,
    registry: String,
    /// The engine of the `docker` command, if not the machine's own.
    engine: Option<String>,
    /// The value of `--host`, if set.
    host: Option<String>,
    /// Environment variables of the program.
    variables: Vec<(String, String)>,
    /// Ports of this machine that no other test uses meanwhile.
    ports: Mutex<Vec<ReservedPort>>,
}

impl Scenario {
    /// Starts a scenario; `program` is the tdd-stack to run, and `name` distinguishes the stack.
    pub fn new(program: &str, name: &str) -> Self {
        Self::on_engine(None, program, name)
    }

    /// Starts a scenario on another engine.
    pub fn on(engine: &SecondEngine, program: &str, name: &str) -> Self {
        Self::on_engine(Some(engine.host()), program, name)
    }

    /// Returns the reference of a service's image in the test registry.
    pub fn image(service: &str) -> String {
        let images = variable("TDD_STACK_IMAGE");
        let found = images.split(',').find_map(|pair| pair.strip_prefix(service)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("TDD_STACK_IMAGE has no image of `{service}`: {images}")).to_string()
    }

    fn on_engine(engine: Option<String>, program: &str, name: &str) -> Self {
        let registry = variable("TDD_TEST_REGISTRY");
        let scenario = Self {
            program: program.into(),
            stack: format!("tdd-test-{name}-{}", std::process::id()),
            folder: tempfile::tempdir().expect("a temporary folder"),
            registry,
            engine: engine.clone(),
            host: engine,
            variables: vec![("TDD_STACK_IMAGE".into(), variable("TDD_STACK_IMAGE"))],
            ports: Mutex::default(),
        };
        scenario.docker(&["version", "--format", "{{.Server.Version}}"]);
        scenario
    }

    /// Connects the program to the engine at this address, such as a proxy's.
    #[must_use]
    pub fn through(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets an environment variable of the program for every run.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Returns the stack's name.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// Returns the registry of the images.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Pushes a service's image under a name that no other scenario has, removes it from the engine, and returns the
    /// name.
    pub fn push_own_image(&self, service: &str) -> String {
        let source = Self::image(service);
        let own = format!("{}/tdd-stack-test/{service}:{}", self.registry, self.stack);
        docker(&["pull", "--quiet", &source]);
        docker(&["tag", &source, &own]);
        docker(&["push", "--quiet", &own]);
        docker(&["rmi", &own]);
        own
    }

    /// Returns the folder that contains `config/monitoring`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a configuration file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join("config/monitoring").join(name)
    }

    /// Returns a port of this machine that no other test and no engine uses during the scenario.
    pub fn reserve_port(&self) -> u16 {
        let port = ReservedPort::new();
        let number = port.number();
        self.ports.lock().expect("no test panics while it reserves a port").push(port);
        number
    }

    /// Replaces a text in a configuration file, which must contain it.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file(name)).expect("the file exists");
        assert!(text.contains(from), "`{name}` does not contain `{from}`");
        std::fs::write(self.file(name), text.replace(from, to)).expect("the file is writable");
    }

    /// Runs the program on free ports.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_on(&any_ports(), arguments)
    }

    /// Runs the program, which must exit with 0.
    pub fn succeed(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        output.exits(0);
        output
    }

    /// Runs the program on these ports, such as `prometheus=9090,grafana=auto`.
    pub fn run_on(&self, ports: &str, arguments: &[&str]) -> Output {
        self.prepare(ports, arguments).run()
    }

    /// Runs the program with a limit in seconds.
    pub fn run_for(&self, seconds: u64, arguments: &[&str]) -> Output {
        self.prepare(&any_ports(), arguments).limit(Duration::from_secs(seconds)).run()
    }

    /// Runs the program with an environment variable.
    pub fn run_with(&self, variable: (&str, &str), arguments: &[&str]) -> Output {
        self.prepare(&any_ports(), arguments).env(variable.0, variable.1).run()
    }

    /// Starts the program.
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        self.prepare(&any_ports(), arguments).spawn()
    }

    /// Prepares a run of the program on these ports.
    pub fn prepare(&self, ports: &str, arguments: &[&str]) -> TddStack {
        self.prepare_by(&self.program, self.host.as_deref(), ports, arguments)
    }

    /// Prepares a run of another program or through another host.
    pub fn prepare_by(
        &self,
        program: &Path,
        host: Option<&str>,
        ports: &str,
        arguments: &[&str],
    ) -> TddStack {
        let program = TddStack::new(program)
            .args(arguments)
            .args(["--stack", &self.stack, "--registry", &self.registry, "--port", ports])
            .args([OsStr::new("--dir"), self.folder().as_os_str()])
            .args(host.iter().flat_map(|host| ["--host", host]));
        self.variables.iter().fold(program, |program, (name, value)| program.env(name, value))
    }

    /// Runs the `docker` command on the scenario's engine, which must succeed, and returns its output.
    pub fn docker(&self, arguments: &[&str]) -> String {
        printed(arguments, &run_docker(self.engine.as_deref(), arguments))
    }

    /// Returns the name of a service's container.
    pub fn container(&self, service: &str) -> String {
        format!("{}-{service}", self.stack)
    }

    /// Returns the `docker inspect` document of a service's container.
    pub fn inspect(&self, service: &str) -> Value {
        let text = self.docker(&["inspect", &self.container(service)]);
        serde_json::from_str::<Value>(&text).expect("inspect prints JSON")[0].take()
    }

    /// Returns the ids of the services' containers in the services' order.
    pub fn ids(&self) -> Vec<String> {
        SERVICES.iter().map(|service| self.inspect(service)["Id"].to_string()).collect()
    }

    /// Returns the start times of the services' containers in the services' order.
    pub fn started(&self) -> Vec<String> {
        SERVICES.iter().map(|service| self.inspect(service)["State"]["StartedAt"].to_string()).collect()
    }

    /// Returns the names of the stack's objects of one kind: `container`, `network` or `volume`.
    pub fn objects(&self, kind: &str) -> Vec<String> {
        let filter = format!("label={LABEL}={}", self.stack);
        let (verb, form): (&[&str], &str) = match kind {
            "container" => (&["ps", "--all"], "{{.Names}}"),
            "network" => (&["network", "ls"], "{{.Name}}"),
            "volume" => (&["volume", "ls"], "{{.Name}}"),
            kind => panic!("`{kind}` is not a kind of object"),
        };
        let listed = self.docker(&[verb, &["--filter", &filter, "--format", form]].concat());
        let mut names: Vec<String> = listed.lines().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// Returns the published URL of a service.
    pub fn url(&self, service: &str) -> String {
        let ports = self.docker(&["port", &self.container(service)]);
        let address =
            ports.lines().next().and_then(|line| line.split_once(" -> ")).map(|(_, address)| address);
        format!("http://{}", address.unwrap_or_else(|| panic!("`{service}` publishes no port: {ports}")))
    }

    /// Returns the data of Prometheus' answer to an API query, such as `targets`.
    pub fn prometheus(&self, path: &str) -> Value {
        http::get(&format!("{}/api/v1/{path}", self.url("prometheus"))).json()["data"].take()
    }

    /// Returns Prometheus' scrape jobs with their health, sorted.
    pub fn targets(&self) -> Vec<(String, String)> {
        let targets = self.prometheus("targets?state=active");
        let mut found: Vec<(String, String)> = targets["activeTargets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|target| (text(&target["labels"]["job"]), text(&target["health"])))
            .collect();
        found.sort_unstable();
        found
    }

    /// Returns Prometheus' rules.
    pub fn rules(&self) -> Vec<Value> {
        let groups = self.prometheus("rules");
        let groups = groups["groups"].as_array().cloned().unwrap_or_default();
        groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// Silences alerts whose name matches a regular expression for longer than any test, and returns the silence's id.
    pub fn silence(&self, alerts: &str, comment: &str) -> String {
        let silence = serde_json::json!({
            "matchers": [{"name": "alertname", "value": alerts, "isRegex": true, "isEqual": true}],
            "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z",
            "createdBy": "a test", "comment": comment,
        });
        let url = format!("{}/api/v2/silences", self.url("alertmanager"));
        let made = http::request("POST", &url, None, Some(&silence));
        assert_eq!(made.status, 200, "{}", made.text);
        text(&made.json()["silenceID"])
    }

    /// Returns Grafana's answer to a request with the specification's login.
    pub fn grafana(&self, path: &str) -> Answer {
        http::request("GET", &format!("{}{path}", self.url("grafana")), Some(http::ADMIN), None)
    }
}

impl Drop for Scenario {
    fn drop(&mut self) {
        remove_labelled(self.engine.as_deref(), &format!("{LABEL}={}", self.stack));
    }
}

/// Returns automatic ports for every service.
pub fn any_ports() -> String {
    SERVICES.map(|service| format!("{service}=auto")).join(",")
}

/// Removes the containers, networks and volumes with a label from the machine's engine.
pub fn remove_all(label: &str) {
    remove_labelled(None, label);
}

/// Removes an image from the machine's engine, if it exists.
pub fn remove_image(reference: &str) {
    run_docker(None, &["rmi", "--force", reference]);
}

fn remove_labelled(host: Option<&str>, label: &str) {
    let filter = format!("label={label}");
    for (list, remove) in [
        (["ps", "--all", "--quiet", "--filter"].as_slice(), ["rm", "--force", "--volumes"].as_slice()),
        (&["network", "ls", "--quiet", "--filter"], &["network", "rm"]),
        (&["volume", "ls", "--quiet", "--filter"], &["volume", "rm", "--force"]),
    ] {
        let listed = run_docker(host, &[list, &[&filter]].concat());
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names: Vec<&str> = listed.lines().collect();
        if !names.is_empty() {
            run_docker(host, &[remove, &names].concat());
        }
    }
}

/// Runs the `docker` command on the machine's engine, which must succeed, and returns its output.
pub fn docker(arguments: &[&str]) -> String {
    printed(arguments, &run_docker(None, arguments))
}

fn printed(arguments: &[&str], output: &std::process::Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run_docker(host: Option<&str>, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new("docker");
    if let Some(host) = host {
        command.args(["--host", host]);
    }
    let output = command.args(arguments).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("cannot run the `docker` command: {error}"))
}

/// Repeats a query until its result is the expected one, and fails with the last result.
pub fn eventually<T: Debug>(what: &str, mut ask: impl FnMut() -> T, is_expected: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let answer = ask();
        if is_expected(&answer) {
            return answer;
        }
        assert!(began.elapsed() < LIMIT, "not within {LIMIT:?}: {what}; the last answer: {answer:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Returns a variable that `scripts/test.sh` sets.
#[expect(clippy::disallowed_methods, reason = "the scripts pass what they prepared")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests by `scripts/test.sh`"))
}

/// Returns the number in an optional variable that extends a test.
#[expect(clippy::disallowed_methods, reason = "it is set to run a test by hand")]
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Returns the names of the operations in a plan or in the result of `up`, in order.
pub fn operations(document: &Value) -> Vec<String> {
    let operations = document["operations"].as_array().into_iter().flatten();
    operations.map(|operation| text(&operation["operation"])).collect()
}

/// Returns a text, or an empty one if the value is not a text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}
