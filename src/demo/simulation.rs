//! The model together with what it exposes, and both in real time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::metrics::{Metrics, Page};
use super::model::Model;
use super::scenario::Scenario;

/// The simulated application and its metrics.
#[derive(Debug)]
pub struct Simulation {
    model: Model,
    metrics: Metrics,
}

impl Simulation {
    /// Begins a life.
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let simulation = Self { model: Model::new(seed, scenario), metrics: Metrics::new() };
        simulation.show();
        simulation
    }

    /// Lives on.
    pub fn advance(&mut self, elapsed: Duration) {
        for activity in self.model.advance(elapsed) {
            self.metrics.record(&activity);
        }
        self.show();
    }

    /// Returns what is wrong at this moment.
    pub fn scenario(&self) -> Scenario {
        self.model.scenario()
    }

    /// Changes what is wrong from now on.
    pub fn set_scenario(&mut self, scenario: Scenario) {
        self.model.set_scenario(scenario);
        self.show();
    }

    /// Returns a page in the text format of `OpenMetrics`.
    pub(super) fn page(&self, page: Page) -> String {
        self.metrics.page(page, self.model.scenario())
    }

    fn show(&self) {
        self.metrics.set(&self.model.levels(), self.model.scenario());
    }
}

/// A simulation that lives as time passes. It is advanced when somebody looks, so it needs no thread of its own.
#[derive(Debug)]
pub(super) struct Live(Mutex<(Simulation, Instant)>);

impl Live {
    /// Lets a simulation live from now on.
    pub(super) fn new(simulation: Simulation) -> Self {
        Self(Mutex::new((simulation, Instant::now())))
    }

    /// Brings the simulation to this moment and looks at it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Simulation) -> T) -> T {
        // A look that panicked leaves counters behind that are as good as any.
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (simulation, seen) = &mut *inner;
        let now = Instant::now();
        simulation.advance(now - *seen);
        *seen = now;
        look(simulation)
    }
}
