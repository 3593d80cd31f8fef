//! The program is killed after each engine call, and the next `up` reaches the desired state.
//!
//! The tests assume neither the order nor the number of calls.

use std::time::{Duration, Instant};

use integration_tests::engine_proxy::{Call, Delivery, EngineProxy, When, kill};
use integration_tests::http;
use integration_tests::retained_data::RetainedData;
use integration_tests::scenario::{Scenario, docker};

use crate::scenario;

const PASSWORD: &str = "admin123";
/// Arguments that replace the container of Prometheus.
const STAGING: [&str; 3] = ["up", "--environment", "staging"];
/// More calls than any command makes, so that a test cannot run without end.
const BOUND: usize = 400;

/// Runs the program through the proxy, kills it after this call, and returns whether it was killed.
pub(super) fn kill_at(scenario: &Scenario, proxy: &EngineProxy, number: usize, arguments: &[&str]) -> bool {
    proxy.forget();
    // Half of the kills prevent the answer, the others happen after the program received it.
    let delivery = if number.is_multiple_of(2) { Delivery::Never } else { Delivery::First };
    // The watch on the lock is answered only at its release, so the program is killed at the request.
    let watches = |call: &Call| call.line.ends_with("/wait?condition=removed");
    let is_meant = move |call: &Call| {
        if call.number == number && watches(call) {
            kill(call);
        }
        call.number == number && !watches(call)
    };
    proxy.on_answered(When::matches(is_meant), delivery, kill);
    let host = proxy.host();
    let output = scenario.spawn(&[arguments, &["--host", &host]].concat()).finish_or_die();
    proxy.recover();
    await_lock(scenario, proxy);
    assert!([0, 128 + 9].contains(&output.code), "call {number}: {output:?}");
    output.code != 0
}

/// Waits for a lock that the engine may still create for the killed program: the next command could finish before it
/// appears. The command itself handles every other late change.
fn await_lock(scenario: &Scenario, proxy: &EngineProxy) {
    proxy.await_answers(&format!("POST /containers/create?name={}-lock", scenario.stack()));
}

/// Names of a stack's objects by kind.
type Objects = [Vec<String>; 3];

fn objects(scenario: &Scenario) -> Objects {
    ["container", "network", "volume"].map(|kind| scenario.objects(kind))
}

/// Returns what an undisturbed `up` creates, at least four containers and a network.
fn undisturbed(scenario: &Scenario, arguments: &[&str]) -> Objects {
    scenario.succeed(arguments);
    let whole = objects(scenario);
    assert_eq!((whole[0].len(), whole[1].len()), (4, 1), "{whole:?}");
    whole
}

/// Asserts that the stack is complete and as requested, and that no other object remains.
fn is_complete(scenario: &Scenario, whole: &Objects, number: usize, arguments: &[&str]) {
    let plan = scenario.plan(&arguments[1..]);
    assert_eq!(plan.code, 0, "after call {number} the next `up` reached no fixed point: {}", plan.stdout);
    assert_eq!(objects(scenario), *whole, "after call {number}");
    // Objects without labels count too.
    let by_name = docker(&["ps", "--all", "--quiet", "--filter", &format!("name={}", scenario.stack())]);
    assert_eq!(by_name.lines().count(), 4, "after call {number}");
}

#[expect(clippy::print_stdout, reason = "the count belongs to the output")]
pub(super) fn report(phase: &str, tried: usize, began: Instant) {
    println!("crash matrix, {phase}: kill points tried {tried}, converged {tried}, {:.0?}", began.elapsed());
    assert!(tried > 10, "{phase}: the proxy saw only {tried} calls");
}

/// Kills the program after its first call, its second one, and so on until it finishes.
pub(super) fn each_call(mut attempt: impl FnMut(usize) -> bool) -> usize {
    (1..BOUND).find(|number| !attempt(*number)).expect("the program makes fewer calls") - 1
}

#[test]
fn first_up_finishes_after_a_kill_at_any_call() {
    let (scenario, proxy, began) = (scenario("crash-up"), EngineProxy::start(), Instant::now());
    let whole = undisturbed(&scenario, &["up"]);
    scenario.succeed(&["down", "--volumes"]);
    let tried = each_call(|number| {
        let killed = kill_at(&scenario, &proxy, number, &["up"]);
        if killed {
            scenario.succeed(&["up"]);
        }
        is_complete(&scenario, &whole, number, &["up"]);
        scenario.succeed(&["down", "--volumes"]);
        killed
    });
    report("up", tried, began);
}

/// Alternates between two thresholds.
fn edit(scenario: &Scenario, is_odd: bool) {
    let (from, to) = if is_odd { ("> 90", "> 95") } else { ("> 95", "> 90") };
    let expression = |threshold| format!("memory_usage_percent {threshold}");
    scenario.edit("alerts.yml", &expression(from), &expression(to));
}

#[test]
fn change_finishes_after_a_kill_at_any_call() {
    let (scenario, proxy) = (scenario("crash-change"), EngineProxy::start());
    let whole = undisturbed(&scenario, &["up", "--wait", "proven"]);
    let kept = RetainedData::put(&scenario, PASSWORD);
    let began = Instant::now();
    let tried = each_call(|number| {
        // Each attempt reverts the one before.
        let arguments: &[&str] = if number % 2 == 1 { &STAGING } else { &["up"] };
        edit(&scenario, number % 2 == 1);
        let killed = kill_at(&scenario, &proxy, number, arguments);
        if killed {
            scenario.succeed(arguments);
        }
        is_complete(&scenario, &whole, number, arguments);
        let expected = if number % 2 == 1 { "> 95" } else { "> 90" };
        assert!(
            scenario.rules().iter().any(|rule| rule["query"] == format!("memory_usage_percent {expected}"))
        );
        kept.are_present_in(&scenario);
        killed
    });
    report("change", tried, began);
}

#[test]
fn down_or_up_finishes_after_a_killed_down() {
    let (scenario, proxy) = (scenario("crash-down"), EngineProxy::start());
    let whole = undisturbed(&scenario, &["up", "--wait", "proven"]);
    let kept = RetainedData::put(&scenario, PASSWORD);
    let began = Instant::now();
    let tried = each_call(|number| {
        let killed = kill_at(&scenario, &proxy, number, &["down"]);
        if number % 3 == 0 {
            scenario.succeed(&["down"]);
            assert_eq!(scenario.objects("network"), [""; 0]);
            assert_eq!(scenario.objects("container"), [""; 0], "after call {number}");
        }
        scenario.succeed(&["up"]);
        is_complete(&scenario, &whole, number, &["up"]);
        kept.are_present_in(&scenario);
        killed
    });
    report("down", tried, began);
}

#[test]
#[expect(clippy::print_stdout, reason = "the times help to diagnose failures")]
fn interrupt_ends_up_within_a_second_and_up_resumes() {
    let (scenario, proxy) = (scenario("crash-signal"), EngineProxy::start());
    let whole = undisturbed(&scenario, &["up"]);
    scenario.succeed(&["down", "--volumes"]);
    let host = proxy.host();
    let points = [
        "GET /containers/json",
        "POST /networks/create",
        "POST /volumes/create",
        "POST /containers/create",
        "PUT /containers/",
        "POST /containers/",
    ];
    for (point, signal) in points.iter().flat_map(|point| [(point, "INT"), (point, "TERM")]) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let interrupt = move |call: &Call| {
            let process = call.pid.expect("the peer process is known").to_string();
            let sent = std::process::Command::new("kill").args(["-s", signal, &process]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            sender.send(Instant::now()).expect("the test waits for it");
        };
        proxy.on_answered(When::first(*point), Delivery::First, interrupt);
        let running = scenario.spawn(&["up", "--host", &host]);
        let output = running.finish_or_die();
        let ended = Instant::now();
        let sent: Instant = receiver.recv_timeout(Duration::from_secs(10)).expect("the signal was sent");
        let took = ended.duration_since(sent);
        println!("SIG{signal} at {point}: exit {} after {took:.0?}", output.code);
        output.exits(130);
        assert!(took < Duration::from_secs(1), "SIG{signal} at {point}: {took:?}");
        proxy.recover();
        await_lock(&scenario, &proxy);
        scenario.succeed(&["up"]);
        is_complete(&scenario, &whole, 0, &["up"]);
        assert_eq!(http::get(&format!("{}/-/ready", scenario.url("prometheus"))).status, 200);
        scenario.succeed(&["down", "--volumes"]);
    }
}
