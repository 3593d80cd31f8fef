//! The engine dies, hangs, is slow, truncates answers or fails; `up` reaches the desired state afterwards.

use std::time::{Duration, Instant};

use integration_tests::engine_proxy::{EngineProxy, Fault, When};
use integration_tests::scenario::{Scenario, eventually};

use crate::scenario;

/// Longer than the longest wait for a hanging engine on a busy machine.
const HANG: Duration = Duration::from_secs(45);

fn behind_a_proxy(name: &str) -> (EngineProxy, Scenario) {
    let proxy = EngineProxy::start();
    let scenario = scenario(name).through(proxy.host());
    (proxy, scenario)
}

fn count(proxy: &EngineProxy, beginning: &str) -> usize {
    proxy.calls().iter().filter(|call| call.starts_with(beginning)).count()
}

#[test]
fn up_and_down_resume_after_the_engine_died() {
    let (proxy, scenario) = behind_a_proxy("dead");
    let grafana = scenario.container("grafana");
    proxy.fail(When::first(format!("POST /containers/{grafana}/start")), Fault::Dies);
    let output = scenario.run(&["up"]);
    output.exits(3).says("stopped answering").says("hint: start the engine again").says("rerun the command");
    assert!(scenario.objects("container").contains(&grafana), "completed operations were reverted");
    scenario.run(&["up"]).exits(3).says("error: cannot reach the Docker Engine");
    proxy.recover();
    scenario.converges();
    proxy.fail(When::first("POST /containers/"), Fault::Dies);
    scenario.run(&["down"]).exits(3).says("stopped answering");
    proxy.recover();
    scenario.succeed(&["down", "--volumes"]);
    for kind in ["container", "network", "volume"] {
        assert_eq!(scenario.objects(kind), [""; 0]);
    }
}

#[test]
fn up_resumes_after_an_engine_restart() {
    let (proxy, scenario) = behind_a_proxy("restarted");
    let create = format!("POST /containers/create?name={}", scenario.container("prometheus"));
    proxy.fail(When::first(create), Fault::Restarts(Duration::from_secs(5)));
    scenario.run(&["up"]).exits(3).says("stopped answering");
    // The engine returns without intervention.
    eventually("the engine is back", || scenario.run(&["status"]).code, |code| *code != 3);
    proxy.recover();
    scenario.converges();
}

#[test]
fn hanging_engine_call_times_out() {
    // All three cases mostly wait, so they run in parallel.
    std::thread::scope(|scope| {
        for case in [hangs_at_the_first_call, hangs_in_the_middle, hangs_at_a_single_observation] {
            scope.spawn(case);
        }
    });
}

fn hangs_at_the_first_call() {
    let (proxy, scenario) = behind_a_proxy("silent");
    proxy.fail(When::from(1), Fault::Hangs);
    let began = Instant::now();
    let output = scenario.run_for(60, &["up"]);
    output.exits(3).says("error: cannot reach the Docker Engine").says("did not answer for 15s");
    assert!(began.elapsed() < HANG, "{:?}", began.elapsed());
    assert_eq!(scenario.objects("container"), [""; 0]);
    proxy.recover();
    scenario.converges();
}

fn hangs_in_the_middle() {
    let (proxy, scenario) = behind_a_proxy("hangs");
    let grafana = scenario.container("grafana");
    let mut hangs = false;
    let create = format!("POST /containers/create?name={grafana}");
    proxy.fail(
        When::matches(move |call| {
            hangs |= call.line.starts_with(&create);
            hangs
        }),
        Fault::Hangs,
    );
    let began = Instant::now();
    let output = scenario.run_for(90, &["up"]);
    output.exits(3).says("stopped answering").says("did not answer for 15s");
    assert!(began.elapsed() < HANG, "{:?}", began.elapsed());
    assert!(!scenario.objects("container").contains(&grafana));
    proxy.recover();
    scenario.converges();
}

fn hangs_at_a_single_observation() {
    let (proxy, scenario) = behind_a_proxy("look");
    proxy.fail(When::first("GET /volumes"), Fault::Hangs);
    let output = scenario.run_for(60, &["up"]);
    output.exits(1).says("error: cannot list volumes").says("did not answer for 15s");
    assert_eq!(scenario.objects("container"), [""; 0]);
    proxy.recover();
    scenario.converges();
}

#[test]
fn slow_engine_is_waited_for() {
    let (proxy, scenario) = behind_a_proxy("slow");
    proxy.fail(When::each(""), Fault::Slow(Duration::from_millis(100)));
    scenario.succeed(&["up"]);
    proxy.fail(When::each(""), Fault::Slow(Duration::from_millis(100)));
    scenario.succeed(&["down", "--volumes"]);
    assert_eq!(scenario.objects("container"), [""; 0]);
}

#[test]
fn truncated_answer_changes_nothing() {
    let (proxy, scenario) = behind_a_proxy("cut");
    scenario.succeed(&["up"]);
    let ids = scenario.ids();
    let id = scenario.inspect("prometheus")["Id"].as_str().expect("the container has an id").to_string();
    let archive = format!("GET /containers/{id}/archive");
    proxy.fail(When::first(archive), Fault::CutAfter(700));
    scenario.run(&["up"]).exits(1).says("error: cannot read `/etc/prometheus` of `");
    proxy.fail(When::matches(|call| call.line.contains("/logs")), Fault::CutAfter(100));
    scenario.run(&["logs", "prometheus"]).exits(1).says("error: cannot read the log of `");
    proxy.recover();
    scenario.converges();
    assert_eq!(scenario.ids(), ids);
}

#[test]
fn failed_engine_call_is_reported_and_not_repeated() {
    let (proxy, scenario) = behind_a_proxy("fails");
    let prometheus = scenario.container("prometheus");
    for (call, doing) in [
        ("POST /networks/create".to_string(), "cannot create network `"),
        (format!("POST /containers/create?name={prometheus}"), "cannot create container `"),
        (format!("PUT /containers/{prometheus}/archive"), "cannot put files into `/etc/prometheus` of `"),
        (format!("POST /containers/{prometheus}/start"), "cannot start `"),
        ("POST /exec/".to_string(), "cannot run `wget` inside `"),
    ] {
        proxy.forget();
        proxy.fail(When::first(&call), Fault::Fails);
        let output = scenario.run(&["up"]);
        output.exits(1).says(doing).says("the disk of the engine is full");
        output.says("hint: completed operations are kept");
        assert_eq!(count(&proxy, &call), 1, "{call}");
    }
    proxy.recover();
    scenario.converges();
}

#[test]
fn permanently_failing_engine_is_reported_without_changes() {
    let (proxy, scenario) = behind_a_proxy("failing");
    proxy.fail(When::each("GET /containers/json"), Fault::Fails);
    scenario
        .run(&["up"])
        .exits(1)
        .says("error: cannot list containers")
        .says("the disk of the engine is full");
    // One call observes the stack, the others collect diagnostics.
    assert!(count(&proxy, "GET /containers/json") <= 3, "the list is requested repeatedly");
    proxy.recover();
    proxy.fail(When::each("GET /_ping"), Fault::Fails);
    scenario.run(&["up"]).exits(3).says("error: cannot reach the Docker Engine");
    assert_eq!(scenario.objects("container"), [""; 0]);
    proxy.recover();
    scenario.converges();
}
