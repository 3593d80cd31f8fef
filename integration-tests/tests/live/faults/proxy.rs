//! The proxy in front of the engine changes nothing unless requested.

use integration_tests::engine_proxy::{Delivery, EngineProxy, Fault, When, kill};

use crate::scenario;

#[test]
fn proxy_passes_and_counts_every_call() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy").through(proxy.host());
    scenario.succeed(&["up"]);
    let calls = proxy.calls();
    let count = |beginning: &str| calls.iter().filter(|call| call.starts_with(beginning)).count();
    assert_eq!(calls.first().map(String::as_str), Some("GET /_ping"));
    // A container is created twice where `/` is not shared.
    assert!(count("POST /containers/create?name=") >= 4, "{calls:#?}");
    // This call upgrades the connection.
    assert!(count("POST /exec/") >= 1, "{calls:#?}");
    assert!(count("PUT /containers/") >= 1, "{calls:#?}");
    proxy.forget();
    scenario.succeed(&["logs", "prometheus"]);
    scenario.succeed(&["down", "--volumes"]);
    assert!(proxy.calls().iter().any(|call| call.contains("/logs")));
}

#[test]
fn program_is_killed_before_or_after_an_answer() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy-kill").through(proxy.host());
    let call = "POST /networks/create";
    for delivery in [Delivery::Never, Delivery::First] {
        proxy.on_answered(When::first(call), delivery, kill);
        assert_eq!(scenario.spawn(&["up"]).finish_or_die().code, 128 + 9);
        assert_eq!(scenario.objects("network").len(), 1, "the engine did not create the network");
        scenario.succeed(&["down", "--volumes"]);
        proxy.recover();
    }
    // Calls that upgrade the connection can be interrupted too.
    for delivery in [Delivery::Never, Delivery::First] {
        proxy.on_answered(When::first("POST /exec/"), delivery, kill);
        assert_eq!(scenario.spawn(&["up"]).finish_or_die().code, 128 + 9);
        scenario.succeed(&["down"]);
    }
    scenario.succeed(&["up"]);
}

#[test]
fn dead_engine_recovers_behind_the_proxy() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy-dead").through(proxy.host());
    proxy.fail(When::first("POST /networks/create"), Fault::Dies);
    scenario.run(&["up"]).exits(3);
    scenario.run(&["up"]).exits(3);
    proxy.recover();
    scenario.succeed(&["up"]);
}
