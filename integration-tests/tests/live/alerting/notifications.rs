//! Every firing alert reaches its receiver after any restart of Alertmanager.

use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, text};
use serde_json::json;

use super::receiver::Receiver;
use crate::scenario;

/// Starts a stack whose alerts go to `url` after a second, with repetition after four hours.
fn notifying(scenario: &Scenario, url: &str) {
    scenario.succeed(&["init"]);
    let configuration = format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 4h}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]\n"
    );
    std::fs::write(scenario.file("alertmanager.yml"), configuration).expect("the file is writable");
    scenario.succeed(&["up"]);
}

/// Posts an alert as Prometheus would, once Alertmanager accepts it.
fn fire(scenario: &Scenario, cause: &str) {
    let alert = json!([{"labels": {"alertname": "Again"}, "annotations": {"description": cause}}]);
    let post = || {
        let url = format!("{}/api/v2/alerts", scenario.url("alertmanager"));
        http::request("POST", &url, None, Some(&alert)).status
    };
    eventually("Alertmanager accepts an alert", post, |status| *status == 200);
}

fn is_sent(receiver: &Receiver, cause: &str) {
    let causes = || receiver.received("firing");
    eventually(&format!("`{cause}` is sent"), causes, |causes| causes.iter().any(|text| text == cause));
}

#[test]
fn firing_alert_is_resent_after_each_alertmanager_start() {
    let receiver = Receiver::start();
    let scenario = scenario("send-again");
    notifying(&scenario, &receiver.url());
    let container = scenario.container("alertmanager");
    let silence = scenario.silence("Other", "kept");
    fire(&scenario, "a first cause");
    is_sent(&receiver, "a first cause");

    scenario.succeed(&["down"]);
    scenario.succeed(&["up"]);
    fire(&scenario, "after down and up");
    is_sent(&receiver, "after down and up");

    docker(&["stop", &container]);
    // PID 1 receives the signal itself: it exits cleanly and is not killed.
    assert_eq!(scenario.inspect("alertmanager")["State"]["ExitCode"], 0);
    docker(&["start", &container]);
    fire(&scenario, "after stop and start");
    is_sent(&receiver, "after stop and start");
    docker(&["restart", &container]);

    // The engine restarts a process that was killed from outside, as for lack of memory.
    let seen = scenario.inspect("alertmanager");
    let (pid, image) = (seen["State"]["Pid"].to_string(), text(&seen["Config"]["Image"]));
    let killer = ["run", "--rm", "--pid", "host", "--user", "0", "--entrypoint", "kill"];
    docker(&[&killer[..], &[&image, "-9", &pid]].concat());
    let restarts = || scenario.inspect("alertmanager")["RestartCount"].as_i64().unwrap_or_default();
    eventually("the engine restarts Alertmanager", restarts, |restarts| *restarts > 0);
    fire(&scenario, "after a kill");
    is_sent(&receiver, "after a kill");

    let kept = http::get(&format!("{}/api/v2/silence/{silence}", scenario.url("alertmanager"))).json();
    assert_eq!(kept["status"]["state"], "active", "{kept}");
}

#[test]
fn alerts_counts_only_answered_deliveries() {
    let scenario = scenario("deliveries");
    let unreachable = format!("http://tdd-webhook:{}/", scenario.reserve_port());
    notifying(&scenario, &unreachable);
    let webhook = || {
        let alerts = scenario.succeed(&["alerts", "--output", "json"]).json();
        let deliveries = alerts["deliveries"].as_array().cloned().unwrap_or_default();
        let counts = deliveries.iter().find(|delivery| delivery["integration"] == "webhook").cloned();
        let count = |key: &str| counts.as_ref().and_then(|counts| counts[key].as_u64()).unwrap_or_default();
        (count("delivered"), count("failed"))
    };
    fire(&scenario, "the receiver is down");
    eventually("an attempt has failed", webhook, |(_, failed)| *failed > 0);
    let shown = scenario.succeed(&["alerts"]).stdout;
    assert!(shown.contains("routed to") && !shown.contains("sent to"), "{shown}");
    assert!(shown.contains("webhook: 0 delivered, "), "{shown}");

    let receiver = Receiver::start();
    scenario.edit("alertmanager.yml", &unreachable, &receiver.url());
    scenario.succeed(&["up"]);
    is_sent(&receiver, "the receiver is down");
    eventually("the alert is delivered", webhook, |(delivered, _)| *delivered > 0);
}

/// An image without any program, removed on drop.
struct Bare(String);

impl Bare {
    fn of(scenario: &Scenario) -> Self {
        let archive = scenario.folder().join("bare.tar");
        let file = std::fs::File::create(&archive).expect("the file can be created");
        let mut builder = tar::Builder::new(file);
        builder.append_path_with_name(scenario.file("alerts.yml"), "file").expect("the file can be packed");
        builder.finish().expect("the archive can be written");
        let reference = format!("{}:bare", scenario.stack());
        docker(&["import", archive.to_str().expect("the path is UTF-8"), &reference]);
        Self(reference)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        docker(&["rmi", "--force", &self.0]);
    }
}

#[test]
fn image_without_a_shell_is_reported() {
    let scenario = scenario("bare");
    scenario.succeed(&["init"]);
    let bare = Bare::of(&scenario);
    let image = format!("alertmanager={}", bare.0);
    let up = scenario.run(&["up", "--image", &image]);
    up.exits(1).says(&format!("its image `{}` has no `/bin/sh`", bare.0)).says("--image alertmanager=REF");
    // The rollback of a change reports the same cause.
    scenario.succeed(&["up"]);
    let changed = scenario.run(&["up", "--image", &image]);
    changed.exits(1).says("has no `/bin/sh`").says("--image alertmanager=REF");
    scenario.is_converged();
}
