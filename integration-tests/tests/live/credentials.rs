//! The password of Grafana's `admin` works, also on data with another password, and no one can see it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use integration_tests::cli::PLAN;
use integration_tests::http;
use integration_tests::scenario::{SERVICES, Scenario, docker, operations};

use crate::scenario;

const VARIABLE: &str = "TDD_STACK_GRAFANA_PASSWORD";
/// Two passwords that occur nowhere else.
const PLANTED: [&str; 2] = ["planted-Qw7zKp-one", "planted-Qw7zKp-two"];
/// The common part of both.
const COMMON_PART: &str = "Qw7zKp";

fn ask(scenario: &Scenario, password: &str) -> u16 {
    let login = http::Login { user: "admin", password };
    http::request("GET", &format!("{}/api/org", scenario.url("grafana")), Some(login), None).status
}

/// Asserts that three more wrong tries do not lock the account; five would, so at most one happened before.
fn is_open_after_three_more(scenario: &Scenario, password: &str) {
    assert_eq!([(); 3].map(|()| ask(scenario, "wrong")), [401; 3]);
    assert_eq!(ask(scenario, password), 200);
}

#[test]
fn changed_password_reaches_running_grafana_after_one_try() {
    let scenario = scenario("password-running");
    scenario.succeed(&["up"]);
    let (ids, started) = (scenario.ids(), scenario.started());
    let changed = scenario.run_with((VARIABLE, "something-else"), &["up", "--output", "json"]);
    let done = operations(&changed.exits(0).json());
    assert_eq!(done[0], "set-login", "{done:?}");
    assert_eq!((scenario.ids(), scenario.started()), (ids, started), "a container was touched");
    is_open_after_three_more(&scenario, "something-else");
    let again = scenario.run_with((VARIABLE, "something-else"), &PLAN);
    again.exits(0);
    assert_eq!(ask(&scenario, "admin123"), 401);
}

#[test]
fn changed_password_reaches_data_kept_by_down() {
    let scenario = scenario("password-data");
    scenario.run_with((VARIABLE, "the-first-one"), &["up"]).exits(0);
    assert_eq!(ask(&scenario, "the-first-one"), 200);
    scenario.succeed(&["down"]);
    scenario.run_with((VARIABLE, "the-second-one"), &["up"]).exits(0);
    is_open_after_three_more(&scenario, "the-second-one");
    assert_eq!(scenario.run_with((VARIABLE, "the-second-one"), &["status", "--wait", "ready"]).code, 0);
}

#[test]
fn password_changed_inside_grafana_is_not_reset() {
    let scenario = scenario("password-inside");
    scenario.succeed(&["up"]);
    let change = serde_json::json!({
        "oldPassword": "admin123", "newPassword": "changed-inside", "confirmNew": "changed-inside",
    });
    let url = format!("{}/api/user/password", scenario.url("grafana"));
    assert_eq!(http::request("PUT", &url, Some(http::ADMIN), Some(&change)).status, 200);
    let output = scenario.run(&["up"]);
    output.exits(1).says("rejects the login `admin`").says("_grafana_data").says("--grafana-password-file");
    is_open_after_three_more(&scenario, "changed-inside");
}

#[test]
fn locked_account_is_reported_as_possible_cause() {
    let scenario = scenario("password-locked");
    scenario.succeed(&["up"]);
    assert_eq!([(); 5].map(|()| ask(&scenario, "wrong")), [401; 5]);
    let output = scenario.run_with((VARIABLE, "something-else"), &["up"]);
    output.exits(1).says("rejects the login `admin`").says("5 minutes after five wrong tries");
}

#[test]
fn generated_password_is_found_by_later_commands() {
    let scenario = scenario("password-made");
    let state = scenario.folder().join("state");
    let variable = ("XDG_STATE_HOME", state.to_str().expect("the path is UTF-8"));
    let up = scenario.run_with(variable, &["up", "--generate-password"]);
    let path = state.join("tdd-stack").join(scenario.stack()).join("grafana-password");
    assert!(up.exits(0).stdout.contains(&path.display().to_string()), "{}", up.stdout);
    let made = std::fs::read_to_string(&path).expect("the password is stored");
    assert_eq!(path.metadata().expect("it exists").permissions().mode() & 0o777, 0o600);
    assert!(!format!("{}{}", up.stdout, up.stderr).contains(&made));
    assert_eq!((ask(&scenario, &made), ask(&scenario, "admin123")), (200, 401));
    scenario.run_with(variable, &PLAN).exits(0);
}

/// Returns the lines with the password or its file in the command lines and environments of all processes. Command
/// lines are readable by everyone, environments by their user and root.
fn processes() -> String {
    let numbers = std::fs::read_dir("/proc").expect("there are processes").flatten();
    let texts = numbers.flat_map(|process| {
        // A process may have ended or belong to another user.
        ["cmdline", "environ"].map(|file| std::fs::read(process.path().join(file)).unwrap_or_default())
    });
    let lines = texts.flat_map(|text| {
        let text = String::from_utf8_lossy(&text).replace('\0', "\n");
        text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>()
    });
    lines.filter(|line| line.contains("tdd-test-password-unseen") || line.contains(COMMON_PART)).collect()
}

/// Runs the work, and returns what processes showed meanwhile.
fn watched<R: Send>(work: impl FnOnce() -> R + Send) -> (R, Vec<String>) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.push(processes());
            }
            seen
        });
        let result = work();
        over.store(true, Ordering::Relaxed);
        (result, watching.join().expect("watching does not panic"))
    })
}

fn has_no_password(what: &str, text: &str) {
    // Only lines with the password are printed, since the rest may belong to others.
    let with_it: Vec<&str> = text.lines().filter(|line| line.contains(COMMON_PART)).collect();
    assert!(with_it.is_empty(), "the password is in {what}: {with_it:#?}");
}

/// The engine's events of a stack, collected while they happen, because it keeps only the last 256.
struct Events(Child);

impl Events {
    fn of(scenario: &Scenario) -> Self {
        let filter = format!("label=tdd-stack.stack={}", scenario.stack());
        // The start lies in the past, so that no event is missed.
        let arguments = ["events", "--since", "1s", "--filter", &filter];
        let child = Command::new("docker").args(arguments).stdout(Stdio::piped()).spawn();
        Self(child.expect("the `docker` command starts"))
    }

    /// Stops the collection and returns all events.
    fn end(mut self) -> String {
        self.0.kill().expect("`docker events` runs until it is killed");
        let output = self.0.wait_with_output().expect("its output can be read");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn password_is_never_visible() {
    let scenario = scenario("password-unseen");
    let file = scenario.folder().join("secret");
    let path = file.to_str().expect("the path is UTF-8").to_string();
    let run = |arguments: &[&str]| {
        let output = scenario.run(&[arguments, &["--grafana-password-file", &path]].concat());
        has_no_password(
            &format!("the output of {arguments:?}"),
            &format!("{}{}", output.stdout, output.stderr),
        );
        output
    };
    let write = |password: &str| std::fs::write(&file, password).expect("it is writable");
    let events = Events::of(&scenario);
    let ((), seen) = watched(|| {
        write(PLANTED[0]);
        run(&["plan"]).exits(0);
        run(&["plan", "--output", "json"]).exits(0);
        run(&["up", "--progress", "json"]).exits(0);
        write(PLANTED[1]);
        run(&["plan", "--output", "json"]).exits(0);
        run(&["up", "--output", "json", "--progress", "plain"]).exits(0);
        run(&["up"]).exits(0);
        run(&["status", "--output", "json"]);
        run(&["logs"]).exits(0);
    });
    assert_eq!(ask(&scenario, PLANTED[1]), 200, "the password does not work");
    let seen = seen.join("\n");
    assert!(seen.contains(scenario.stack()), "the processes do not include the program");
    has_no_password("what processes show", &seen);

    let events = events.end();
    assert!(events.contains("exec_create: grafana cli"), "the events do not include the exec: {events}");
    has_no_password("the engine's events", &events);

    for kind in ["container", "network", "volume"] {
        for name in scenario.objects(kind) {
            has_no_password(&name, &docker(&[kind, "inspect", &name]));
        }
    }
    for service in SERVICES {
        let container = scenario.container(service);
        has_no_password(&format!("the log of {service}"), &docker(&["logs", &container]));
        inside(&container);
    }
    folder(&scenario.folder().join("config"));
}

/// Asserts that the processes of a container do not show the password to each other.
fn inside(container: &str) {
    let command = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'";
    let seen = docker(&["exec", container, "sh", "-c", command]);
    assert!(seen.contains("PATH="), "no environment is readable inside {container}");
    has_no_password(&format!("what processes show inside {container}"), &seen);
}

/// Asserts that no file below the path contains the password.
fn folder(path: &Path) {
    for entry in std::fs::read_dir(path).expect("the folder is readable").flatten() {
        match entry.path() {
            path if path.is_dir() => folder(&path),
            path => has_no_password(
                &path.display().to_string(),
                &String::from_utf8_lossy(&std::fs::read(&path).expect("the file is readable")),
            ),
        }
    }
}
