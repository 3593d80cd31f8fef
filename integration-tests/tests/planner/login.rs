//! When Grafana's login is tried, set, or left alone.

use integration_tests::simulate::World;
use tdd_stack::config::settings::{Layer, Password, PasswordOrigin, PasswordSource, Secret};
use tdd_stack::error::Error;
use tdd_stack::model::observed::ContainerState;
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Operation, Request, Verb};

use super::{printed, settled, stack, stack_from, up};

fn with_password(text: &str) -> Stack {
    let password = Password::new(text, PasswordOrigin::Environment).expect("it is a good one");
    stack_from(Layer { grafana_password: Some(PasswordSource::Known(password)), ..Layer::default() })
}

/// A world in which the stack is up, and Grafana's data know another password than the delivered one.
fn changed_inside() -> World {
    let mut world = settled(&stack());
    let data = world.volumes.get_mut("tdd_grafana_data").expect("it is there");
    data.password = Some(Secret::new("changed-inside"));
    world
}

#[test]
fn another_password_is_set_in_the_running_grafana_and_replaces_no_container() {
    insta::assert_snapshot!(printed(&with_password("open-sesame"), settled(&stack())), @"
    1  set-login           grafana  (it rejects the login `admin`)
    2  set-data-source     prometheus  (its content could not be read)  after 1
    3  wait-data-source    prometheus  (just started)  after 2
    4  import-dashboard    tdd-main  (its content could not be read)  after 1
    ");
}

#[test]
fn a_chosen_password_is_tried_and_set_where_grafana_starts_on_older_data() {
    let mut world = settled(&stack());
    world.containers.get_mut("grafana").expect("it is there").state = ContainerState::Exited;
    insta::assert_snapshot!(printed(&with_password("open-sesame"), world), @"
    1  write-password-file grafana  (it is stopped)
    2  start               grafana  (it is stopped)  after 1
    3  wait-ready          grafana  (just started)  after 2
    4  check-connectivity  from prometheus to every service  (just started)  after 3
    5  set-login           grafana  (existing data may have a different password)  after 3
    6  set-data-source     prometheus  (just started)  after 5
    7  wait-data-source    prometheus  (just started)  after 6
    8  import-dashboard    tdd-main  (just started)  after 5
    ");
}

#[test]
fn the_well_known_password_never_takes_the_place_of_another() {
    let world = changed_inside();
    let refused = plan::up(&stack(), &world.observed(&stack()), Request::default());
    assert!(matches!(refused, Err(Error::GrafanaLogin { was_set: false, .. })), "{refused:?}");
    // Where it cannot be seen yet, it is tried once, before anything else asks.
    let mut stopped = world;
    stopped.containers.get_mut("grafana").expect("it is there").state = ContainerState::Exited;
    let plan = up(&stack(), &stopped);
    let check = plan.steps.iter().position(|step| step.operation.verb() == Verb::CheckLogin);
    let check = check.unwrap_or_else(|| panic!("it is not tried:\n{plan}"));
    let asks = |operation: &Operation| {
        matches!(operation, Operation::SetDataSource(_) | Operation::ImportDashboard { .. })
    };
    let asking: Vec<_> = plan.steps.iter().filter(|step| asks(&step.operation)).collect();
    assert!(asking.len() == 2 && asking.iter().all(|step| step.needs == [check]), "{plan}");
}

#[test]
fn neither_the_specification_nor_a_plan_knows_the_password() {
    let (one, other) = (with_password("open-sesame"), with_password("shut-sesame"));
    let hashes = |stack: &Stack| {
        stack.services.iter().map(tdd_stack::model::stack::Service::spec_hash).collect::<Vec<_>>()
    };
    assert_eq!(hashes(&one), hashes(&other));
    let plan = up(&one, &World::default());
    let all =
        format!("{plan}{plan:?}{one:?}{}", serde_json::to_string(&one.services).expect("it can be said"));
    assert!(!all.contains("sesame"), "{all}");
}
