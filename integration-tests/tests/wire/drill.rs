//! `tdd-stack drill` against the fake engine: the clean-up at its end.

use fake_engine::Fault;
use integration_tests::program;
use integration_tests::scene::Scene;

#[test]
fn drill_cleans_up_all_services_and_reports_every_failure() {
    let scene = Scene::after_up(program!());
    let real = scene.engine.files("tdd_alertmanager_config");
    let drill = scene.tdd_stack(["drill", "--fast"]).spawn();
    // Both services have the drill's files once Prometheus is asked for alerts of the application.
    scene.engine.await_service_request("GET prometheus /api/v1/alerts");
    assert_ne!(scene.engine.files("tdd_alertmanager_config"), real, "the drill's files were not uploaded");
    scene.engine.fail(Fault::Fails("PUT /containers/tdd-prometheus/archive"));
    drill.signal("INT");
    let output = drill.finish();
    output.exits(130);
    let message: Vec<&str> = output.stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect();
    assert_eq!(
        message[..3],
        [
            "error: interrupted",
            "  in the clean-up: cannot put files into `/etc/prometheus` of `tdd-prometheus`: Docker responded \
             with status code 500: the disk of the engine is full",
            "hint: `tdd-stack up` finishes the clean-up",
        ],
        "{}",
        output.stderr
    );
    assert_eq!(scene.engine.files("tdd_alertmanager_config"), real, "Alertmanager was not cleaned up");
    scene.engine.recover();
    scene.run(["up"]).exits(0);
    scene.is_converged();
}

#[test]
fn interrupted_drill_reports_restored_files() {
    let scene = Scene::after_up(program!());
    let drill = scene.tdd_stack(["drill", "--fast"]).spawn();
    scene.engine.await_service_request("GET prometheus /api/v1/alerts");
    drill.signal("INT");
    drill.finish().exits(130).says("error: interrupted\nhint: the original files are back in place");
    scene.is_converged();
}
