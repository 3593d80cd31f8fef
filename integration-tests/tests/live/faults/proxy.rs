//! The proxy before the engine changes nothing by itself, and does what it is asked.

use integration_tests::engine_proxy::{EngineProxy, Fault, Hearing, When, kill};

use crate::scenario;

#[test]
fn through_the_proxy_everything_works_and_is_counted() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy").through(proxy.host());
    scenario.succeed(&["up"]);
    let calls = proxy.calls();
    let count = |beginning: &str| calls.iter().filter(|call| call.starts_with(beginning)).count();
    assert_eq!(calls.first().map(String::as_str), Some("GET /_ping"));
    // One is made a second time where `/` is not shared.
    assert!(count("POST /containers/create?name=") >= 4, "{calls:#?}");
    // The connection is upgraded for it.
    assert!(count("POST /exec/") >= 1, "{calls:#?}");
    assert!(count("PUT /containers/") >= 1, "{calls:#?}");
    proxy.forget();
    scenario.succeed(&["logs", "prometheus"]);
    scenario.succeed(&["down", "--volumes"]);
    assert!(proxy.calls().iter().any(|call| call.contains("/logs")));
}

#[test]
fn the_program_can_be_killed_before_and_after_it_hears() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy-kill").through(proxy.host());
    let call = "POST /networks/create";
    for hearing in [Hearing::Never, Hearing::First] {
        proxy.on_answered(When::first(call), hearing, kill);
        assert_eq!(scenario.spawn(&["up"]).finish_or_die().code, 128 + 9);
        assert_eq!(scenario.objects("network").len(), 1, "the engine has done it");
        scenario.succeed(&["down", "--volumes"]);
        proxy.recover();
    }
    // Nor is a call lost that is upgraded.
    for hearing in [Hearing::Never, Hearing::First] {
        proxy.on_answered(When::first("POST /exec/"), hearing, kill);
        assert_eq!(scenario.spawn(&["up"]).finish_or_die().code, 128 + 9);
        scenario.succeed(&["down"]);
    }
    scenario.succeed(&["up"]);
}

#[test]
fn a_dead_engine_comes_back_with_what_it_had() {
    let proxy = EngineProxy::start();
    let scenario = scenario("proxy-dead").through(proxy.host());
    proxy.fail(When::first("POST /networks/create"), Fault::Dies);
    scenario.run(&["up"]).exits(3);
    scenario.run(&["up"]).exits(3);
    proxy.recover();
    scenario.succeed(&["up"]);
}
