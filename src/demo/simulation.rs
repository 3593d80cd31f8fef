//! The model together with its metrics, and both in real time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::metrics::{Metrics, Page};
use super::model::Model;
use super::scenario::Scenario;

/// The simulation with its metrics.
#[derive(Debug)]
pub struct Simulation {
    model: Model,
    metrics: Metrics,
}

impl Simulation {
    /// Returns a new simulation.
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let simulation = Self { model: Model::new(seed, scenario), metrics: Metrics::new() };
        simulation.show();
        simulation
    }

    /// Simulates the elapsed time.
    pub fn advance(&mut self, elapsed: Duration) {
        for event in self.model.advance(elapsed) {
            self.metrics.record(&event);
        }
        self.show();
    }

    /// Returns the current scenario.
    pub fn scenario(&self) -> Scenario {
        self.model.scenario()
    }

    /// Changes the scenario.
    pub fn set_scenario(&mut self, scenario: Scenario) {
        self.model.set_scenario(scenario);
        self.show();
    }

    /// Returns a page in the `OpenMetrics` text format.
    pub(super) fn page(&self, page: Page) -> String {
        self.metrics.page(page, self.model.scenario())
    }

    fn show(&self) {
        self.metrics.set(&self.model.levels(), self.model.scenario());
    }
}

/// A simulation in real time. It is advanced when it is accessed, so it needs no thread.
#[derive(Debug)]
pub(super) struct Live(Mutex<(Simulation, Instant)>);

impl Live {
    /// Returns a simulation that runs from now on.
    pub(super) fn new(simulation: Simulation) -> Self {
        Self(Mutex::new((simulation, Instant::now())))
    }

    /// Advances the simulation to the current time, and calls `look` with it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Simulation) -> T) -> T {
        // The simulation remains usable after a panic of another caller.
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (simulation, updated) = &mut *inner;
        let now = Instant::now();
        simulation.advance(now - *updated);
        *updated = now;
        look(simulation)
    }
}
