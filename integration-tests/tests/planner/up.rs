//! Plans of `up`: their printed form for one stack in many states.

use std::collections::BTreeSet;

use integration_tests::simulate::World;
use serde_json::json;
use tdd_stack::config::settings::Layer;
use tdd_stack::error::Error;
use tdd_stack::model::observed::{Author, ContainerState, DiskFile};
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Operation, Plan, PullPolicy, Request};

use super::{printed, settled, stack, stack_from, up};

fn edit(world: &mut World, file: &str, content: impl Fn(&str) -> String) {
    let before = world.disk[file].content.clone();
    world.disk.insert(file.into(), DiskFile { content: content(&before), author: Author::User });
}

#[test]
fn rollback_is_empty_after_first_container_removal() {
    let stack = stack();
    let mut world = settled(&stack);
    for container in world.containers.values_mut() {
        container.spec = "another".into();
    }
    let plan = up(&stack, &world);
    let all = plan.len();
    let begun = |count: usize| plan.rollback(&(0..count).collect()).1;
    assert_eq!(begun(all - 4).len(), 4, "every change is rolled back until all of them succeeded:\n{plan}");
    // The removal itself may have failed, and the other previous containers are removed already.
    assert_eq!(begun(all - 3), [""; 0], "{plan}");
}

/// Returns a world that has only the configuration files.
fn files_only(stack: &Stack) -> World {
    let file = |content: &str| DiskFile { content: content.into(), author: Author::Program };
    let disk = stack.files.iter().map(|shipped| (shipped.name.to_string(), file(&shipped.content)));
    World { disk: disk.collect(), ..World::default() }
}

#[test]
fn up_writes_every_missing_file() {
    let stack = stack();
    let plan = up(&stack, &World::default());
    let written: BTreeSet<String> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.operation, Operation::WriteFile { .. }))
        .map(|step| step.operation.target())
        .collect();
    assert_eq!(written, stack.files.iter().map(|file| file.name.to_string()).collect());
}

#[test]
fn up_creates_everything_on_an_empty_engine() {
    let stack = stack();
    insta::assert_snapshot!(printed(&stack, files_only(&stack)), @"
     1  pull                prom/prometheus:v3.13.4  (missing)
     2  pull                grafana/grafana:13.1.7  (missing)
     3  pull                prom/node-exporter:v1.12.1  (missing)
     4  pull                prom/alertmanager:v0.34.0  (missing)
     5  create-network      tdd-monitoring  (missing)
     6  create-volume       tdd_prometheus_data  (missing)  after 1 5
     7  create-volume       tdd_prometheus_config  (missing)  after 1 5
     8  create              prometheus  (missing)  after 1 5 6 7
     9  upload              prometheus (prometheus.yml, recording_rules.yml, alerts.yml)  (prometheus.yml, recording_rules.yml, alerts.yml changed)  after 8
    10  start               prometheus  (it is new)  after 9
    11  wait-ready          prometheus  (just started)  after 10
    12  create-volume       tdd_grafana_data  (missing)  after 2 5
    13  create-volume       tdd_grafana_config  (missing)  after 2 5
    14  create              grafana  (missing)  after 2 5 12 13
    15  write-password-file grafana  (it is new)  after 14
    16  start               grafana  (it is new)  after 15
    17  wait-ready          grafana  (just started)  after 16
    18  create              node-exporter  (missing)  after 3 5
    19  start               node-exporter  (it is new)  after 18
    20  wait-ready          node-exporter  (just started)  after 19
    21  create-volume       tdd_alertmanager_data  (missing)  after 4 5
    22  create-volume       tdd_alertmanager_config  (missing)  after 4 5
    23  create              alertmanager  (missing)  after 4 5 21 22
    24  upload              alertmanager (alertmanager.yml)  (alertmanager.yml changed)  after 23
    25  start               alertmanager  (it is new)  after 24
    26  wait-ready          alertmanager  (just started)  after 25
    27  check-connectivity  from prometheus to every service  (just started)  after 11 17 20 26
    28  set-data-source     prometheus  (just started)  after 17
    29  wait-data-source    prometheus  (just started)  after 28
    30  import-dashboard    tdd-main  (just started)  after 17
    ");
}

#[test]
fn plan_is_empty_in_desired_state() {
    let stack = stack();
    assert_eq!(up(&stack, &settled(&stack)), Plan::default());
}

#[test]
fn edited_rules_are_checked_uploaded_and_reloaded() {
    let stack = stack();
    let mut world = settled(&stack);
    edit(&mut world, "alerts.yml", |text| format!("{text}# mine\n"));
    insta::assert_snapshot!(printed(&stack, world), @"
    1  check               prometheus (promtool check config)  (you edited alerts.yml)
    2  check               prometheus (promtool check rules)  (you edited alerts.yml)
    3  upload              prometheus (prometheus.yml, recording_rules.yml, alerts.yml)  (alerts.yml changed)  after 1 2
    4  reload              prometheus  (alerts.yml changed)  after 3
    ");
}

#[test]
fn changed_image_setting_replaces_the_container() {
    let image = [("grafana".to_string(), "grafana/grafana:13.1.4".to_string())].into();
    let world = settled(&stack());
    insta::assert_snapshot!(printed(&stack_from(Layer { image, ..Layer::default() }), world), @"
    1  pull                grafana/grafana:13.1.4  (missing)
    2  stop                grafana  (its specification changed)  after 1
    3  rename              grafana  (its specification changed)  after 2
    4  create              grafana  (the container is being replaced)  after 3
    5  write-password-file grafana  (it is new)  after 4
    6  start               grafana  (it is new)  after 5
    7  wait-ready          grafana  (just started)  after 6
    8  check-connectivity  from prometheus to every service  (just started)  after 7
    9  remove              tdd-grafana-set-aside  (the container is being replaced)  after 1 2 3 4 5 6 7 8
    ");
}

#[test]
fn moved_tag_replaces_the_container() {
    let stack = stack();
    let mut world = settled(&stack);
    world.images.insert("prom/alertmanager:v0.34.0".into(), "sha256:another".into());
    let plan = printed(&stack, world);
    assert!(plan.contains("rename              alertmanager  (its image changed)"), "{plan}");
}

#[test]
fn stopped_container_is_started() {
    let stack = stack();
    let mut world = settled(&stack);
    world.containers.get_mut("grafana").expect("it exists").state = ContainerState::Exited;
    insta::assert_snapshot!(printed(&stack, world), @"
    1  write-password-file grafana  (it is stopped)
    2  start               grafana  (it is stopped)  after 1
    3  wait-ready          grafana  (just started)  after 2
    4  check-connectivity  from prometheus to every service  (just started)  after 3
    5  check-login         grafana  (existing data may have a different password)  after 3
    6  set-data-source     prometheus  (just started)  after 5
    7  wait-data-source    prometheus  (just started)  after 6
    8  import-dashboard    tdd-main  (just started)  after 5
    ");
}

#[test]
fn up_waits_for_a_service_that_is_not_ready() {
    let stack = stack();
    let mut world = settled(&stack);
    world.unready.insert("alertmanager".into());
    insta::assert_snapshot!(printed(&stack, world), @"  1  wait-ready          alertmanager  (not ready: answers 503)");
}

#[test]
fn missing_network_recreates_network_and_containers() {
    let stack = stack();
    let mut world = settled(&stack);
    world.networks.clear();
    insta::assert_snapshot!(printed(&stack, world), @"
     1  create-network      tdd-monitoring  (missing)
     2  stop                prometheus  (its network was removed)  after 1
     3  remove              tdd-prometheus  (its network was removed)  after 2
     4  create              prometheus  (the container is being replaced)  after 3
     5  start               prometheus  (it is new)  after 4
     6  wait-ready          prometheus  (just started)  after 5
     7  stop                grafana  (its network was removed)  after 1
     8  remove              tdd-grafana  (its network was removed)  after 7
     9  create              grafana  (the container is being replaced)  after 8
    10  write-password-file grafana  (it is new)  after 9
    11  start               grafana  (it is new)  after 10
    12  wait-ready          grafana  (just started)  after 11
    13  stop                node-exporter  (its network was removed)  after 1
    14  remove              tdd-node-exporter  (its network was removed)  after 13
    15  create              node-exporter  (the container is being replaced)  after 14
    16  start               node-exporter  (it is new)  after 15
    17  wait-ready          node-exporter  (just started)  after 16
    18  stop                alertmanager  (its network was removed)  after 1
    19  remove              tdd-alertmanager  (its network was removed)  after 18
    20  create              alertmanager  (the container is being replaced)  after 19
    21  start               alertmanager  (it is new)  after 20
    22  wait-ready          alertmanager  (just started)  after 21
    23  check-connectivity  from prometheus to every service  (just started)  after 6 12 17 22
    ");
}

#[test]
fn changed_environment_replaces_prometheus() {
    let world = settled(&stack());
    let stack = stack_from(Layer { environment: Some("demo".into()), ..Layer::default() });
    insta::assert_snapshot!(printed(&stack, world), @"
    1  stop                prometheus  (its specification changed)
    2  rename              prometheus  (its specification changed)  after 1
    3  create              prometheus  (the container is being replaced)  after 2
    4  start               prometheus  (it is new)  after 3
    5  wait-ready          prometheus  (just started)  after 4
    6  check-connectivity  from prometheus to every service  (just started)  after 5
    7  remove              tdd-prometheus-set-aside  (the container is being replaced)  after 1 2 3 4 5 6
    ");
}

#[test]
fn edited_dashboard_is_only_imported() {
    let stack = stack();
    let mut world = settled(&stack);
    edit(&mut world, "grafana_dashboards.json", |text| {
        text.replacen("\"title\": \"", "\"title\": \"Mine, ", 1)
    });
    insta::assert_snapshot!(printed(&stack, world), @"  1  import-dashboard    tdd-main  (differs from the desired state)");
}

#[test]
fn data_source_changed_by_hand_is_reset() {
    let stack = stack();
    let mut world = settled(&stack);
    let volume = world.volumes.get_mut("tdd_grafana_data").expect("it exists");
    volume.data_sources.get_mut("prometheus").expect("it exists")["url"] = json!("http://elsewhere:9090");
    insta::assert_snapshot!(printed(&stack, world), @"
    1  set-data-source     prometheus  (differs from the desired state)
    2  wait-data-source    prometheus  (just started)  after 1
    ");
}

#[test]
fn pull_always_pulls_every_image() {
    let stack = stack();
    let plan = plan::up(
        &stack,
        &settled(&stack).observed(&stack),
        Request { pull: PullPolicy::Always, ..Request::default() },
    )
    .expect("no conflict exists");
    insta::assert_snapshot!(plan.to_string(), @"
    1  pull                prom/prometheus:v3.13.4  (requested by --pull always)
    2  pull                grafana/grafana:13.1.7  (requested by --pull always)
    3  pull                prom/node-exporter:v1.12.1  (requested by --pull always)
    4  pull                prom/alertmanager:v0.34.0  (requested by --pull always)
    ");
}

#[test]
fn pull_never_reports_missing_images() {
    let stack = stack();
    let refused = plan::up(
        &stack,
        &World::default().observed(&stack),
        Request { pull: PullPolicy::Never, ..Request::default() },
    );
    let Err(Error::Pull { images, .. }) = refused else { panic!("{refused:?}") };
    let missing: Vec<String> = stack.services.iter().map(|service| service.image.to_string()).collect();
    assert_eq!(images, missing);
    assert_eq!(
        plan::up(
            &stack,
            &settled(&stack).observed(&stack),
            Request { pull: PullPolicy::Never, ..Request::default() }
        )
        .ok(),
        Some(Plan::default())
    );
}

#[test]
fn container_of_an_interrupted_check_is_removed() {
    let stack = stack();
    let mut world = settled(&stack);
    world.leftovers.push("0123456789ab".into());
    insta::assert_snapshot!(printed(&stack, world), @"  1  remove              0123456789ab  (left by an interrupted check)");
}

#[test]
fn missing_and_older_files_are_written() {
    let stack = stack();
    let mut world = settled(&stack);
    world.disk.remove("README.md");
    let older = DiskFile { content: "groups: []\n".into(), author: Author::Program };
    world.disk.insert("alerts.yml".into(), older);
    insta::assert_snapshot!(printed(&stack, world), @"
    1  write               README.md  (missing)
    2  write               alerts.yml  (a newer version is shipped)
    ");
}

#[test]
fn checks_precede_all_but_writes_and_pulls() {
    let stack = stack();
    let mut world = settled(&stack);
    edit(&mut world, "alerts.yml", |text| format!("{text}# mine\n"));
    edit(&mut world, "grafana_dashboards.json", |text| {
        text.replacen("\"title\": \"", "\"title\": \"Mine, ", 1)
    });
    world.containers.remove("node-exporter");
    world.leftovers.push("0123456789ab".into());
    let plan = up(&stack, &world);
    let is_check = |step: &usize| matches!(plan.steps[*step].operation, Operation::Check { .. });
    let checks: BTreeSet<usize> = (0..plan.len()).filter(is_check).collect();
    assert_eq!(checks.len(), 2);
    for (index, step) in plan.steps.iter().enumerate() {
        let is_harmless = matches!(
            step.operation,
            Operation::WriteFile { .. } | Operation::Pull { .. } | Operation::Check { .. }
        );
        assert!(
            is_harmless || checks.is_subset(&all_needs(&plan, index)),
            "step {} does not wait for the checks:\n{plan}",
            index + 1
        );
    }
}

fn all_needs(plan: &Plan, step: usize) -> BTreeSet<usize> {
    let direct = plan.steps[step].needs.iter();
    direct.flat_map(|need| all_needs(plan, *need).into_iter().chain([*need])).collect()
}
