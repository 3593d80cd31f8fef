//! Plans without an engine: their printed form, and the empty plan after each of them.

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
    services::assemble(&Settings::resolve(layer, &services::names()).expect("the settings are valid"))
}

fn stack() -> Stack {
    stack_from(Layer::default())
}

fn up(stack: &Stack, world: &World) -> Plan {
    plan::up(stack, &world.observed(stack), Request::default()).expect("no conflict exists")
}

/// Returns a world in which the stack is up.
fn settled(stack: &Stack) -> World {
    let mut world = World::default();
    let plan = up(stack, &world);
    world.apply(stack, &plan);
    world
}

/// Returns the printed plan, and asserts that the plan after it is empty.
fn printed(stack: &Stack, mut world: World) -> String {
    let plan = up(stack, &world);
    world.apply(stack, &plan);
    let again = up(stack, &world);
    assert!(again.is_empty(), "after\n{plan}the next plan is:\n{again}");
    plan.to_string()
}
