//! Every alert that fires reaches its receiver, however often Alertmanager starts.

use integration_tests::http;
use integration_tests::scenario::{Scenario, docker, eventually, text};
use serde_json::json;

use super::receiver::Receiver;
use super::scenario;

/// Brings up a stack whose alerts go to `url` after a second, and again after four hours only.
fn notifying(scenario: &Scenario, url: &str) {
    scenario.succeed(&["init"]);
    let configuration = format!(
        "route: {{receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 4h}}\n\
         receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]\n"
    );
    std::fs::write(scenario.file("alertmanager.yml"), configuration).expect("the file can be written");
    scenario.succeed(&["up"]);
}

/// Posts an alert as Prometheus would, as soon as Alertmanager takes it.
fn fire(scenario: &Scenario, cause: &str) {
    let alert = json!([{"labels": {"alertname": "Again"}, "annotations": {"description": cause}}]);
    let post = || {
        let url = format!("{}/api/v2/alerts", scenario.url("alertmanager"));
        http::request("POST", &url, None, Some(&alert)).status
    };
    eventually("Alertmanager takes an alert", post, |status| *status == 200);
}

fn is_sent(receiver: &Receiver, cause: &str) {
    let heard = || receiver.heard("firing");
    eventually(&format!("`{cause}` is sent"), heard, |heard| heard.iter().any(|text| text == cause));
}

#[test]
fn an_alert_that_fires_again_is_sent_again_after_every_start_of_alertmanager() {
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
    // The first process hears the signal itself: it ends in order and is not killed.
    assert_eq!(scenario.inspect("alertmanager")["State"]["ExitCode"], 0);
    docker(&["start", &container]);
    fire(&scenario, "after stop and start");
    is_sent(&receiver, "after stop and start");
    docker(&["restart", &container]);

    // Killed from outside, as for want of memory, it is started by the engine.
    let seen = scenario.inspect("alertmanager");
    let (pid, image) = (seen["State"]["Pid"].to_string(), text(&seen["Config"]["Image"]));
    let killer = ["run", "--rm", "--pid", "host", "--user", "0", "--entrypoint", "kill"];
    docker(&[&killer[..], &[&image, "-9", &pid]].concat());
    let restarts = || scenario.inspect("alertmanager")["RestartCount"].as_i64().unwrap_or_default();
    eventually("the engine starts it again", restarts, |restarts| *restarts > 0);
    fire(&scenario, "after a kill");
    is_sent(&receiver, "after a kill");

    let kept = http::get(&format!("{}/api/v2/silence/{silence}", scenario.url("alertmanager"))).json();
    assert_eq!(kept["status"]["state"], "active", "{kept}");
}

#[test]
fn alerts_says_of_messages_only_what_receivers_answered() {
    let scenario = scenario("deliveries");
    let nobody = format!("http://tdd-webhook:{}/", scenario.reserve_port());
    notifying(&scenario, &nobody);
    let webhook = || {
        let alerts = scenario.succeed(&["alerts", "--output", "json"]).json();
        let deliveries = alerts["deliveries"].as_array().cloned().unwrap_or_default();
        let counts = deliveries.iter().find(|delivery| delivery["integration"] == "webhook").cloned();
        let count = |key: &str| counts.as_ref().and_then(|counts| counts[key].as_u64()).unwrap_or_default();
        (count("delivered"), count("failed"))
    };
    fire(&scenario, "nobody listens");
    eventually("an attempt has failed", webhook, |(_, failed)| *failed > 0);
    let shown = scenario.succeed(&["alerts"]).stdout;
    assert!(shown.contains("routed to") && !shown.contains("sent to"), "{shown}");
    assert!(shown.contains("webhook: 0 delivered, "), "{shown}");

    let receiver = Receiver::start();
    scenario.edit("alertmanager.yml", &nobody, &receiver.url());
    scenario.succeed(&["up"]);
    is_sent(&receiver, "nobody listens");
    eventually("it is delivered", webhook, |(delivered, _)| *delivered > 0);
}

/// An image in which there is nothing to run. Removed in the end.
struct Bare(String);

impl Bare {
    fn of(scenario: &Scenario) -> Self {
        let archive = scenario.folder().join("bare.tar");
        let file = std::fs::File::create(&archive).expect("the file can be made");
        let mut builder = tar::Builder::new(file);
        builder.append_path_with_name(scenario.file("alerts.yml"), "file").expect("the file can be packed");
        builder.finish().expect("the archive can be written");
        let reference = format!("{}:bare", scenario.stack());
        docker(&["import", archive.to_str().expect("the path is plain"), &reference]);
        Self(reference)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        docker(&["rmi", "--force", &self.0]);
    }
}

#[test]
fn an_image_without_a_shell_is_named_with_what_it_lacks() {
    let scenario = scenario("bare");
    scenario.succeed(&["init"]);
    let bare = Bare::of(&scenario);
    let image = format!("alertmanager={}", bare.0);
    let up = scenario.run(&["up", "--image", &image]);
    up.exits(1).says(&format!("its image `{}` has no `/bin/sh`", bare.0)).says("--image alertmanager=REF");
    // What ran before comes back, with the same words.
    scenario.succeed(&["up"]);
    let changed = scenario.run(&["up", "--image", &image]);
    changed.exits(1).says("has no `/bin/sh`").says("--image alertmanager=REF");
    scenario.is_converged();
}
