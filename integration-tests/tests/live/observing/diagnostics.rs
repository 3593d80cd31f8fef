//! Diagnostics of a failure on the real engine, without the secrets of the stack.

use std::path::Path;
use std::process::Command;

use integration_tests::scenario::Scenario;

use crate::scenario;

const PASSWORD: &str = "planted-pass-word";
const PLANTED: &str = "planted-smtp-secret";

/// Returns the files below a folder that contain a secret, as `grep` finds them.
fn files_with_secrets(folder: &Path) -> String {
    let found = Command::new("grep")
        .args(["-rl", "-e", PASSWORD, "-e", PLANTED, "-e", "YWRtaW46cGxhbnRlZC1wYXNzLXdvcmQ"])
        .arg(folder)
        .output()
        .expect("`grep` starts");
    String::from_utf8_lossy(&found.stdout).into_owned()
}

#[test]
fn exited_service_leaves_diagnostics_without_secrets() {
    let scenario = scenario("diagnostics");
    let run = |arguments: &[&str]| {
        let command =
            scenario.prepare("prometheus=auto,grafana=auto,node-exporter=auto,alertmanager=auto", arguments);
        command
            .env("TDD_STACK_GRAFANA_PASSWORD", PASSWORD)
            .env("TDD_STACK_DIAGNOSTICS", scenario.folder().join("diagnostics"))
            .run()
    };
    run(&["init"]).exits(0);
    let globals = format!(
        "global:\n  smtp_smarthost: mail.example:25\n  smtp_from: a@mail.example\n  smtp_auth_password: {PLANTED}\n\nroute:\n"
    );
    scenario.edit(
        "alertmanager.yml",
        "route:\n  receiver: tdd-webhook\n  group_by",
        &format!("{globals}  receiver: tdd-webhook\n  group_by"),
    );
    run(&["up"]).exits(0);
    // The image of node-exporter has no Alertmanager.
    let image = format!("alertmanager={}", Scenario::image("node-exporter"));
    let output = run(&["up", "--image", &image]);
    output.exits(1).says("rolled back");
    let named = output.stderr.lines().find_map(|line| line.strip_prefix("diagnostics: "));
    let kept = Path::new(named.expect("the diagnostics are named"));
    let read = |name: &str| {
        std::fs::read_to_string(kept.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let container = scenario.container("alertmanager");
    assert!(!read("summary.txt").contains("incomplete"), "{}", read("summary.txt"));
    // The rollback removed the container itself.
    assert!(read(&format!("logs/{container}.log")).contains("alertmanager: not found"));
    assert!(read(&format!("inspect/container-{container}.json")).contains(&Scenario::image("node-exporter")));
    assert!(read("summary.txt").contains("exited with code"), "{}", read("summary.txt"));
    let is_dated = |line: &str| line.split_once('Z').is_some_and(|(moment, _)| moment.contains('T'));
    assert!(read(&format!("logs/{container}.log")).lines().all(is_dated));
    let probes = read("probes.txt");
    assert!(
        probes.lines().any(|line| line.contains("/api/health 200 ") && line.contains("database")),
        "{probes}"
    );
    assert!(read("files/disk/alertmanager.yml").contains("smtp_auth_password: [removed]"));
    assert_eq!(files_with_secrets(kept), "");

    let bundle = scenario.folder().join("bundle.tar.gz");
    run(&["support-bundle", &bundle.display().to_string()]).exits(0);
    let unpacked = scenario.folder().join("unpacked");
    std::fs::create_dir(&unpacked).expect("it can be created");
    let status = Command::new("tar").arg("-xzf").arg(&bundle).arg("-C").arg(&unpacked).status();
    assert!(status.is_ok_and(|status| status.success()), "the bundle cannot be unpacked");
    assert_eq!(files_with_secrets(&unpacked), "");
    // The search itself finds an existing secret.
    assert_ne!(files_with_secrets(&scenario.file("alertmanager.yml")), "");
}
