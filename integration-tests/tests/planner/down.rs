//! Plans of `down`.

use std::collections::BTreeSet;

use integration_tests::simulate::World;
use tdd_stack::model::observed::{ContainerState, Objects, Restore};
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Kept, Operation, Plan, Step};

use super::{settled, stack};

/// Applies the plan of `down` to a world, and returns it.
fn taken_down(stack: &Stack, world: &mut World, kept: Kept) -> Plan {
    let plan = plan::down(&world.observed(stack).objects, &BTreeSet::new(), kept);
    world.apply(stack, &plan);
    plan
}

#[test]
fn down_keeps_data_and_images() {
    let stack = stack();
    let mut world = settled(&stack);
    let plan = taken_down(&stack, &mut world, Kept { data: true, images: true });
    assert_eq!(world.volumes.len(), 3);
    insta::assert_snapshot!(plan.to_string(), @"
     1  stop                alertmanager  (requested by down)
     2  remove              tdd-alertmanager  (requested by down)  after 1
     3  stop                grafana  (requested by down)
     4  remove              tdd-grafana  (requested by down)  after 3
     5  stop                node-exporter  (requested by down)
     6  remove              tdd-node-exporter  (requested by down)  after 5
     7  stop                prometheus  (requested by down)
     8  remove              tdd-prometheus  (requested by down)  after 7
     9  remove-network      tdd-monitoring  (requested by down)  after 2 4 6 8
    10  remove-volume       tdd_alertmanager_config  (requested by down)  after 2 4 6 8
    11  remove-volume       tdd_grafana_config  (requested by down)  after 2 4 6 8
    12  remove-volume       tdd_prometheus_config  (requested by down)  after 2 4 6 8
    ");
}

#[test]
fn down_stops_only_services_that_were_ready() {
    let stack = stack();
    let mut objects = settled(&stack).observed(&stack).objects;
    let state = |objects: &mut Objects, service: &str, state| {
        objects.containers.get_mut(service).expect("it exists").state = state;
    };
    state(&mut objects, "grafana", ContainerState::Created);
    state(&mut objects, "node-exporter", ContainerState::Restarting);
    state(&mut objects, "alertmanager", ContainerState::Exited);
    let unready = BTreeSet::from([objects.containers["prometheus"].id.clone()]);
    let stopped = |plan: Plan| {
        let stops = plan.steps.into_iter().filter_map(|step| match step.operation {
            Operation::Stop { service, .. } => Some(service),
            _ => None,
        });
        stops.collect::<Vec<_>>()
    };
    let keep = Kept { data: true, images: true };
    assert_eq!(stopped(plan::down(&objects, &unready, keep)), ["alertmanager"]);
    assert_eq!(stopped(plan::down(&objects, &BTreeSet::new(), keep)), ["alertmanager", "prometheus"]);
}

#[test]
fn down_with_volumes_removes_all_volumes() {
    let stack = stack();
    let mut world = settled(&stack);
    let plan = taken_down(&stack, &mut world, Kept { data: false, images: true });
    assert!(world.volumes.is_empty() && world.containers.is_empty() && world.networks.is_empty());
    insta::assert_snapshot!(plan.to_string(), @"
     1  remove              tdd-alertmanager  (requested by down --volumes)
     2  remove              tdd-grafana  (requested by down --volumes)
     3  remove              tdd-node-exporter  (requested by down --volumes)
     4  remove              tdd-prometheus  (requested by down --volumes)
     5  remove-network      tdd-monitoring  (requested by down --volumes)  after 1 2 3 4
     6  remove-volume       tdd_alertmanager_config  (requested by down --volumes)  after 1 2 3 4
     7  remove-volume       tdd_alertmanager_data  (requested by down --volumes)  after 1 2 3 4
     8  remove-volume       tdd_grafana_config  (requested by down --volumes)  after 1 2 3 4
     9  remove-volume       tdd_grafana_data  (requested by down --volumes)  after 1 2 3 4
    10  remove-volume       tdd_prometheus_config  (requested by down --volumes)  after 1 2 3 4
    11  remove-volume       tdd_prometheus_data  (requested by down --volumes)  after 1 2 3 4
    ");
}

#[test]
fn restore_sentinel_is_removed_only_with_volumes() {
    let stack = stack();
    let mut objects = settled(&stack).observed(&stack).objects;
    objects.restore = Some(Restore { sentinel: "sentinel".into(), volumes: vec!["tdd_grafana_data".into()] });
    let is_sentinel =
        |step: &&Step| matches!(&step.operation, Operation::Remove { name, .. } if name == "sentinel");
    let plan = plan::down(&objects, &BTreeSet::new(), Kept { data: true, images: true });
    assert!(!plan.steps.iter().any(|step| is_sentinel(&step)));
    let plan = plan::down(&objects, &BTreeSet::new(), Kept { data: false, images: true });
    let last = plan.steps.last().filter(is_sentinel).expect("the sentinel is removed last");
    assert_eq!(last.needs.len(), 6, "after all volumes");
}

#[test]
fn down_with_images_removes_images_of_the_stack() {
    let stack = stack();
    let mut world = settled(&stack);
    let plan = taken_down(&stack, &mut world, Kept { data: true, images: false });
    assert!(world.images.is_empty());
    insta::assert_snapshot!(plan.to_string(), @"
     1  stop                alertmanager  (requested by down)
     2  remove              tdd-alertmanager  (requested by down)  after 1
     3  stop                grafana  (requested by down)
     4  remove              tdd-grafana  (requested by down)  after 3
     5  stop                node-exporter  (requested by down)
     6  remove              tdd-node-exporter  (requested by down)  after 5
     7  stop                prometheus  (requested by down)
     8  remove              tdd-prometheus  (requested by down)  after 7
     9  remove-network      tdd-monitoring  (requested by down)  after 2 4 6 8
    10  remove-volume       tdd_alertmanager_config  (requested by down)  after 2 4 6 8
    11  remove-volume       tdd_grafana_config  (requested by down)  after 2 4 6 8
    12  remove-volume       tdd_prometheus_config  (requested by down)  after 2 4 6 8
    13  remove-image        grafana/grafana:13.1.7  (requested by --images)  after 2 4 6 8
    14  remove-image        prom/alertmanager:v0.34.0  (requested by --images)  after 2 4 6 8
    15  remove-image        prom/node-exporter:v1.12.1  (requested by --images)  after 2 4 6 8
    16  remove-image        prom/prometheus:v3.13.4  (requested by --images)  after 2 4 6 8
    ");
}
