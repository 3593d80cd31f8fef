//! When Grafana's login is tried, set, or left unchanged.

use integration_tests::simulate::World;
use tdd_stack::config::settings::{Layer, Password, PasswordOrigin, PasswordSource, Secret};
use tdd_stack::error::Error;
use tdd_stack::model::observed::ContainerState;
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Operation, Request, Verb};

use super::{printed, settled, stack, stack_from, up};

fn with_password(text: &str) -> Stack {
    let password = Password::new(text, PasswordOrigin::Environment).expect("the password is valid");
    stack_from(Layer { grafana_password: Some(PasswordSource::Known(password)), ..Layer::default() })
}

/// Returns a world in which the stack is up and the password in Grafana's data was changed.
fn changed_inside() -> World {
    let mut world = settled(&stack());
    let data = world.volumes.get_mut("tdd_grafana_data").expect("it exists");
    data.password = Some(Secret::new("changed-inside"));
    world
}

#[test]
fn changed_password_is_set_without_replacing_grafana() {
    insta::assert_snapshot!(printed(&with_password("open-sesame"), settled(&stack())), @"
    1  set-login           grafana  (it rejects the login `admin`)
    2  set-data-source     prometheus  (its content could not be read)  after 1
    3  wait-data-source    prometheus  (just started)  after 2
    4  import-dashboard    tdd-main  (its content could not be read)  after 1
    ");
}

#[test]
fn chosen_password_is_set_after_grafana_starts() {
    let mut world = settled(&stack());
    world.containers.get_mut("grafana").expect("it exists").state = ContainerState::Exited;
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
fn well_known_password_never_replaces_another() {
    let world = changed_inside();
    let refused = plan::up(&stack(), &world.observed(&stack()), Request::default());
    assert!(matches!(refused, Err(Error::GrafanaLogin { was_set: false, .. })), "{refused:?}");
    // If the password cannot be observed, it is tried once before any other request.
    let mut stopped = world;
    stopped.containers.get_mut("grafana").expect("it exists").state = ContainerState::Exited;
    let plan = up(&stack(), &stopped);
    let check = plan.steps.iter().position(|step| step.operation.verb() == Verb::CheckLogin);
    let check = check.unwrap_or_else(|| panic!("the login is not checked:\n{plan}"));
    let asks = |operation: &Operation| {
        matches!(operation, Operation::SetDataSource(_) | Operation::ImportDashboard { .. })
    };
    let asking: Vec<_> = plan.steps.iter().filter(|step| asks(&step.operation)).collect();
    assert!(asking.len() == 2 && asking.iter().all(|step| step.needs == [check]), "{plan}");
}

#[test]
fn specification_and_plan_contain_no_password() {
    let (one, other) = (with_password("open-sesame"), with_password("shut-sesame"));
    let hashes =
        |stack: &Stack| stack.services.iter().map(tdd_stack::model::stack::Service::spec).collect::<Vec<_>>();
    assert_eq!(hashes(&one), hashes(&other));
    let plan = up(&one, &World::default());
    let all = format!(
        "{plan}{plan:?}{one:?}{}",
        serde_json::to_string(&one.services).expect("services are serializable")
    );
    assert!(!all.contains("sesame"), "{all}");
}
