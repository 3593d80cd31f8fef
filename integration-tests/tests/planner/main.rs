//! What is planned, without any engine: plans as they are printed, and that a plan leaves nothing to do.

mod down;
mod fixed_point;
mod login;
mod up;

use integration_tests::simulate::World;
use tdd_stack::config::settings::{Layer, Settings};
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Plan, Request};
use tdd_stack::services;

fn stack_from(layer: Layer) -> Stack {
    services::assemble(&Settings::resolve(layer, &services::names()).expect("the settings are good"))
}

fn stack() -> Stack {
    stack_from(Layer::default())
}

fn up(stack: &Stack, world: &World) -> Plan {
    plan::up(stack, &world.observed(stack), Request::default()).expect("nothing hinders")
}

/// A world in which the stack is up.
fn settled(stack: &Stack) -> World {
    let mut world = World::default();
    let plan = up(stack, &world);
    world.apply(stack, &plan);
    world
}

/// The plan as it is printed, and its effect: after it, nothing is left to do.
fn printed(stack: &Stack, mut world: World) -> String {
    let plan = up(stack, &world);
    world.apply(stack, &plan);
    let again = up(stack, &world);
    assert!(again.is_empty(), "after\n{plan}this is left to do:\n{again}");
    plan.to_string()
}
