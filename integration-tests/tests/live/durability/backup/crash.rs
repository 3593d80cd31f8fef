//! A restore that is killed after any engine call never leaves partial data that counts as complete.

use std::time::Instant;

use integration_tests::engine_proxy::EngineProxy;
use integration_tests::http;
use integration_tests::scenario::Scenario;

use super::{Filled, look, volumes};
use crate::durability::crash::{each_call, kill_at, report};

/// Asserts that only the data volumes exist.
fn is_restored(scenario: &Scenario, number: usize) {
    assert_eq!(scenario.objects("volume"), volumes(scenario), "after call {number}");
    assert_eq!(scenario.objects("container"), [""; 0], "after call {number}");
}

#[test]
fn restore_finishes_after_a_kill_at_any_call() {
    let (filled, proxy) = (Filled::new("crash-restore"), EngineProxy::start());
    let scenario = &filled.scenario;
    scenario.succeed(&["backup", filled.path()]);
    scenario.succeed(&["down", "--volumes"]);
    let restore = ["restore", filled.path(), "--overwrite"];
    let other = scenario.folder().join("other.backup").display().to_string();
    let (began, mut halves) = (Instant::now(), 0);
    let tried = each_call(|number| {
        let killed = kill_at(scenario, &proxy, number, &restore);
        // The engine may remove the sentinel after the kill, and then the data is complete.
        proxy.await_answers("DELETE /containers/");
        if scenario.run(&["plan"]).code == 4 {
            halves += 1;
            for refused in [&["up"][..], &["up", "--dry-run"], &["backup", &other]] {
                scenario.run(refused).exits(4).says("was only partially restored").says("--overwrite");
            }
            scenario.succeed(&["down"]);
            scenario.run(&["up"]).exits(4);
        } else if !scenario.objects("volume").is_empty() {
            scenario.succeed(&["up"]);
            assert_eq!(look(scenario, filled.at, http::ADMIN), filled.data, "after call {number}");
            scenario.succeed(&["down"]);
        }
        if killed {
            scenario.succeed(&restore);
        }
        is_restored(scenario, number);
        // Half of the attempts replace existing data.
        if number % 2 == 0 {
            scenario.succeed(&["down", "--volumes"]);
        }
        killed
    });
    report("restore", tried, began);
    assert!(halves > 5, "{halves} attempts left partially restored data");
    scenario.succeed(&restore);
    scenario.succeed(&["up"]);
    assert_eq!(look(scenario, filled.at, http::ADMIN), filled.data);
}
