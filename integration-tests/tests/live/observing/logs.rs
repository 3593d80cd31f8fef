//! `logs --follow` shows existing lines and continues with new ones.

use integration_tests::engine_proxy::EngineProxy;
use integration_tests::scenario::{docker, eventually};

use crate::scenario;

#[test]
fn followed_log_continues_without_repeated_lines() {
    let proxy = EngineProxy::start();
    let scenario = scenario("logs").through(proxy.host());
    scenario.succeed(&["up"]);
    proxy.forget();
    let follows =
        ["all", "0"].map(|tail| scenario.spawn(&["logs", "alertmanager", "--follow", "--tail", tail]));
    // Each follow requests existing lines first and new lines then.
    let asked = || proxy.calls().iter().filter(|call| call.contains("/logs")).count();
    eventually("both wait for further lines", asked, |asked| *asked == 4);
    let before = scenario.succeed(&["logs", "alertmanager", "--tail", "all"]).stdout;
    docker(&["kill", "--signal", "HUP", &scenario.container("alertmanager")]);
    docker(&["stop", &scenario.container("alertmanager")]);
    let whole = scenario.succeed(&["logs", "alertmanager", "--tail", "all"]).stdout;
    let further = whole.strip_prefix(&before).expect("a log only grows");
    assert!(further.contains("Loading configuration file"), "{further}");
    let [from_the_beginning, from_now] = follows.map(|follow| {
        let output = follow.finish();
        output.exits(0);
        output.stdout
    });
    assert_eq!(from_the_beginning, whole);
    assert_eq!(from_now, further);
}
