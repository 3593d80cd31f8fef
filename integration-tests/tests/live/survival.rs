//! What was measured, silenced and set is still there after whatever happens to containers and engine.

use integration_tests::http;
use integration_tests::scenario::{SERVICES, Scenario};
use integration_tests::second_engine::SecondEngine;

#[test]
fn the_second_engine_runs_a_stack_beside_the_machines_own() {
    let engine = SecondEngine::start();
    let scenario = Scenario::on(&engine, env!("CARGO_BIN_EXE_tdd-stack-under-test"), "second");
    scenario.succeed(&["up"]);
    assert_eq!(scenario.objects("container").len(), SERVICES.len());
    assert_eq!(http::get(&format!("{}/-/ready", scenario.url("prometheus"))).status, 200);
    engine.kill();
    assert_eq!(scenario.run(&["status"]).code, 3);
    engine.launch();
    engine.restart();
    scenario.succeed(&["up"]);
    engine.wipe();
    assert_eq!(scenario.objects("container"), [""; 0]);
}
