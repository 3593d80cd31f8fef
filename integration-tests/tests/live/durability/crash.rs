//! The program is killed after each single call that it makes to the engine, and the next `up` sets everything right.
//!
//! Nothing here knows in which order the calls are made, or how many there are: they are counted first.

use std::time::{Duration, Instant};

use integration_tests::engine_proxy::{Call, EngineProxy, Hearing, When, kill};
use integration_tests::http;
use integration_tests::keepsakes::Keepsakes;
use integration_tests::scenario::{Scenario, docker};

use crate::scenario;

const PASSWORD: &str = "admin123";
/// The arguments that replace the container of Prometheus.
const STAGING: [&str; 3] = ["up", "--environment", "staging"];
/// More calls than any phase makes; a matrix that passes it does not end.
const BOUND: usize = 400;

/// Runs the program through the proxy; it is killed once this call has been answered. Returns whether it was.
pub(super) fn kill_at(scenario: &Scenario, proxy: &EngineProxy, number: usize, arguments: &[&str]) -> bool {
    proxy.forget();
    // Half of the calls end before the program hears of them, half after it does.
    let hearing = if number.is_multiple_of(2) { Hearing::Never } else { Hearing::First };
    // The call that waits for the lock's end is answered when it is released, so the program is killed before.
    let watches = |call: &Call| call.line.ends_with("/wait?condition=removed");
    let is_meant = move |call: &Call| {
        if call.number == number && watches(call) {
            kill(call);
        }
        call.number == number && !watches(call)
    };
    proxy.on_answered(When::matches(is_meant), hearing, kill);
    let host = proxy.host();
    let output = scenario.spawn(&[arguments, &["--host", &host]].concat()).finish_or_die();
    proxy.recover();
    await_lock(scenario, proxy);
    assert!([0, 128 + 9].contains(&output.code), "call {number}: {output:?}");
    output.code != 0
}

/// Waits for a lock that the engine still makes for a program that is gone: the next command may be done before it
/// could see that. All else that comes late is that command's business.
fn await_lock(scenario: &Scenario, proxy: &EngineProxy) {
    proxy.await_answers(&format!("POST /containers/create?name={}-lock", scenario.stack()));
}

/// What the engine has of a stack: names by kind.
type Objects = [Vec<String>; 3];

fn objects(scenario: &Scenario) -> Objects {
    ["container", "network", "volume"].map(|kind| scenario.objects(kind))
}

/// Returns what an undisturbed `up` makes, which is four containers and a network at least.
fn undisturbed(scenario: &Scenario, arguments: &[&str]) -> Objects {
    scenario.succeed(arguments);
    let whole = objects(scenario);
    assert_eq!((whole[0].len(), whole[1].len()), (4, 1), "{whole:?}");
    whole
}

/// Asserts that the stack is whole, is what was asked for, and that nothing else is left.
fn is_whole(scenario: &Scenario, whole: &Objects, number: usize, arguments: &[&str]) {
    let plan = scenario.plan(&arguments[1..]);
    assert_eq!(plan.code, 0, "after call {number} the next `up` reached no fixed point: {}", plan.stdout);
    assert_eq!(objects(scenario), *whole, "after call {number}");
    // What has no label is left behind too.
    let by_name = docker(&["ps", "--all", "--quiet", "--filter", &format!("name={}", scenario.stack())]);
    assert_eq!(by_name.lines().count(), 4, "after call {number}");
}

#[expect(clippy::print_stdout, reason = "the count belong to the output")]
pub(super) fn report(phase: &str, tried: usize, began: Instant) {
    println!("crash matrix, {phase}: kill points tried {tried}, converged {tried}, {:.0?}", began.elapsed());
    assert!(tried > 10, "{phase}: the proxy saw {tried} calls only");
}

/// Kills the program after its first call, after its second one, and so on until it ends by itself.
pub(super) fn each_call(mut attempt: impl FnMut(usize) -> bool) -> usize {
    (1..BOUND).find(|number| !attempt(*number)).expect("the program makes fewer calls") - 1
}

#[test]
fn up_from_nothing_is_finished_by_the_next_up_wherever_it_is_killed() {
    let (scenario, proxy, began) = (scenario("crash-up"), EngineProxy::start(), Instant::now());
    let whole = undisturbed(&scenario, &["up"]);
    scenario.succeed(&["down", "--volumes"]);
    let tried = each_call(|number| {
        let killed = kill_at(&scenario, &proxy, number, &["up"]);
        if killed {
            scenario.succeed(&["up"]);
        }
        is_whole(&scenario, &whole, number, &["up"]);
        scenario.succeed(&["down", "--volumes"]);
        killed
    });
    report("up", tried, began);
}

/// Changes the rules to and fro.
fn edit(scenario: &Scenario, is_odd: bool) {
    let (from, to) = if is_odd { ("> 90", "> 95") } else { ("> 95", "> 90") };
    let expression = |threshold| format!("memory_usage_percent {threshold}");
    scenario.edit("alerts.yml", &expression(from), &expression(to));
}

#[test]
fn a_change_is_finished_by_the_next_up_wherever_it_is_killed_and_no_data_is_lost() {
    let (scenario, proxy) = (scenario("crash-change"), EngineProxy::start());
    let whole = undisturbed(&scenario, &["up", "--wait", "proven"]);
    let kept = Keepsakes::put(&scenario, PASSWORD);
    let began = Instant::now();
    let tried = each_call(|number| {
        // To and fro: each attempt undoes the one before.
        let arguments: &[&str] = if number % 2 == 1 { &STAGING } else { &["up"] };
        edit(&scenario, number % 2 == 1);
        let killed = kill_at(&scenario, &proxy, number, arguments);
        if killed {
            scenario.succeed(arguments);
        }
        is_whole(&scenario, &whole, number, arguments);
        let wanted = if number % 2 == 1 { "> 95" } else { "> 90" };
        assert!(
            scenario.rules().iter().any(|rule| rule["query"] == format!("memory_usage_percent {wanted}"))
        );
        kept.are_in(&scenario);
        killed
    });
    report("change", tried, began);
}

#[test]
fn down_is_finished_by_the_next_down_or_undone_by_the_next_up_wherever_it_is_killed() {
    let (scenario, proxy) = (scenario("crash-down"), EngineProxy::start());
    let whole = undisturbed(&scenario, &["up", "--wait", "proven"]);
    let kept = Keepsakes::put(&scenario, PASSWORD);
    let began = Instant::now();
    let tried = each_call(|number| {
        let killed = kill_at(&scenario, &proxy, number, &["down"]);
        if number % 3 == 0 {
            scenario.succeed(&["down"]);
            assert_eq!(scenario.objects("network"), [""; 0]);
            assert_eq!(scenario.objects("container"), [""; 0], "after call {number}");
        }
        scenario.succeed(&["up"]);
        is_whole(&scenario, &whole, number, &["up"]);
        kept.are_in(&scenario);
        killed
    });
    report("down", tried, began);
}

#[test]
#[expect(clippy::print_stdout, reason = "the times are diagnostics")]
fn an_interruption_ends_the_program_within_a_second_and_the_next_up_goes_on() {
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
            let process = call.pid.expect("the system tells who is at the other end").to_string();
            let sent = std::process::Command::new("kill").args(["-s", signal, &process]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            sender.send(Instant::now()).expect("the test waits for it");
        };
        proxy.on_answered(When::first(*point), Hearing::First, interrupt);
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
        is_whole(&scenario, &whole, 0, &["up"]);
        assert_eq!(http::get(&format!("{}/-/ready", scenario.url("prometheus"))).status, 200);
        scenario.succeed(&["down", "--volumes"]);
    }
}
