//! The simulation of the demo application: a team that works in the phases red, green and refactor, and the
//! requests, queries, connections and log records that result.
//!
//! Uses no clock and exposes nothing. The same seed and the same scenarios at the same ticks give the same
//! events.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Poisson};

use super::activity::{Activity, Levels};
use super::application::{DATABASES, FAILURE, LOGGERS, OPERATIONS, PHASE_ROUTE, PHASES, ROUTES, Route};
use super::scenario::{Parameters, Scenario};

/// The step of the simulation. The number of events in a step is random.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// The size of the team. Each phase ends several times a minute, so every panel soon has a value.
const PROGRAMMERS: usize = 12;
/// The mean number of requests per second.
const LOAD: f64 = 1.8;
/// The amplitude of the load's wave, relative to the mean.
const SWING: f64 = 0.4;
/// The period of the load's wave, in seconds: one pomodoro.
const WAVE: f64 = 1500.0;
/// The share of client errors, on routes that have them.
const MISTAKES: f64 = 0.06;
/// The spread of durations: 95 % are below about twice the median.
const SPREAD: f64 = 0.45;
/// The mean number of idle connections of a database.
const IDLE_CONNECTIONS: f64 = 2.0;
/// The warnings per second of each logger that requests do not use.
const WARNINGS: [(&str, f64); 2] = [("duration_system", 1.0 / 120.0), ("root", 1.0 / 300.0)];
/// The memory of a new process in bytes.
const RESIDENT_MEMORY: f64 = 180.0 * 1024.0 * 1024.0;
/// The maximum memory of the process in bytes; the system would kill a larger process.
const LARGEST_MEMORY: f64 = 3.0 * 1024.0 * 1024.0 * 1024.0;
/// The maximum garbage before a collection in bytes, and the garbage per second.
const GARBAGE: f64 = 24.0 * 1024.0 * 1024.0;
const GARBAGE_RATE: f64 = 96.0 * 1024.0;

/// The simulated application and its team.
#[derive(Debug)]
pub(super) struct Model {
    random: ChaCha8Rng,
    scenario: Scenario,
    programmers: Vec<Programmer>,
    levels: Levels,
    /// The memory leaked in [`Scenario::Memory`], in bytes.
    leaked: f64,
    /// The simulated time since the start, in seconds.
    age: f64,
    /// The requested time that is not simulated yet, less than a tick.
    remainder: Duration,
}

#[derive(Debug)]
struct Programmer {
    /// The phase, as an index of [`PHASES`].
    phase: usize,
    /// The duration of the phase, in seconds.
    length: f64,
    /// The remaining time of the phase, in seconds.
    left: f64,
}

impl Model {
    /// Returns a new simulation, with the team in the middle of its phases.
    pub(super) fn new(seed: u64, scenario: Scenario) -> Self {
        let mut model = Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            scenario,
            programmers: Vec::new(),
            levels: Levels {
                connections: [IDLE_CONNECTIONS; DATABASES.len()],
                resident_memory: RESIDENT_MEMORY,
                processor_time: 0.0,
                host_memory_used: scenario.parameters().host_memory_used,
            },
            leaked: 0.0,
            age: 0.0,
            remainder: Duration::ZERO,
        };
        for number in 0..PROGRAMMERS {
            let phase = number % PHASES.len();
            let length = model.duration(PHASES[phase].1);
            let left = length * model.random.random::<f64>();
            model.programmers.push(Programmer { phase, length, left });
        }
        model
    }

    /// Returns the current scenario.
    pub(super) fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// Changes the scenario.
    pub(super) fn set_scenario(&mut self, scenario: Scenario) {
        self.scenario = scenario;
        self.levels.host_memory_used = scenario.parameters().host_memory_used;
    }

    /// Returns the current levels.
    pub(super) fn levels(&self) -> Levels {
        self.levels
    }

    /// Simulates the elapsed time in whole ticks, and returns the events. The remainder is kept for the next
    /// call.
    pub(super) fn advance(&mut self, elapsed: Duration) -> Vec<Activity> {
        let mut events = Vec::new();
        self.remainder += elapsed;
        while self.remainder >= TICK {
            self.remainder -= TICK;
            self.tick(&mut events);
        }
        events
    }

    fn tick(&mut self, events: &mut Vec<Activity>) {
        let parameters = self.scenario.parameters();
        let begin = events.len();
        self.age += TICK.as_secs_f64();
        let load = LOAD * (1.0 + SWING * (std::f64::consts::TAU * self.age / WAVE).sin());
        for _ in 0..self.count(load) {
            let route = self.choose_route();
            self.request(route, parameters, events);
        }
        self.work(parameters, events);
        for (logger, rate) in WARNINGS {
            events.extend((0..self.count(rate)).map(|_| Activity::Log { logger, level: "warning" }));
        }
        for _ in 0..self.count(parameters.logged_errors) {
            let level = if self.random.random_bool(0.1) { "critical" } else { "error" };
            events.push(Activity::Log { logger: LOGGERS[0], level });
        }
        self.settle(parameters, &events[begin..]);
    }

    /// Simulates the team for a tick. The end of a phase makes a request that saves it.
    fn work(&mut self, parameters: Parameters, events: &mut Vec<Activity>) {
        for index in 0..self.programmers.len() {
            self.programmers[index].left -= TICK.as_secs_f64();
            if self.programmers[index].left > 0.0 {
                continue;
            }
            let ended = &self.programmers[index];
            let next = (ended.phase + 1) % PHASES.len();
            events.push(Activity::Phase { phase: PHASES[ended.phase].0, seconds: ended.length });
            let length = self.duration(PHASES[next].1);
            self.programmers[index] = Programmer { phase: next, length, left: length };
            self.request(&ROUTES[PHASE_ROUTE], parameters, events);
        }
    }

    fn request(&mut self, route: &Route, parameters: Parameters, events: &mut Vec<Activity>) {
        let mut seconds = self.duration(route.seconds * parameters.request_factor);
        let mut status = route.success;
        if self.random.random_bool(parameters.connection_failures) {
            events.push(Activity::ConnectionFailed { database: route.database });
            status = FAILURE;
        } else {
            for &operation in route.queries {
                let usual =
                    OPERATIONS.iter().find(|(name, _)| *name == operation).map_or(0.0, |found| found.1);
                let query = self.duration(usual * parameters.query_factor);
                seconds += query;
                events.push(Activity::Query { database: route.database, operation, seconds: query });
            }
            if self.random.random_bool(parameters.server_errors) {
                status = FAILURE;
            } else if let Some(mistake) = route.mistake
                && self.random.random_bool(MISTAKES)
            {
                status = mistake;
            }
        }
        if status != route.success {
            let level = if status == FAILURE { "error" } else { "warning" };
            events.push(Activity::Log { logger: LOGGERS[0], level });
        }
        events.push(Activity::Request { handler: route.handler, method: route.method, status, seconds });
    }

    /// Updates the levels with the events of a tick.
    fn settle(&mut self, parameters: Parameters, events: &[Activity]) {
        for (index, name) in DATABASES.into_iter().enumerate() {
            // The total query time in a one-second tick is the number of busy connections.
            let busy: f64 = events
                .iter()
                .filter_map(|event| match event {
                    Activity::Query { database, seconds, .. } if *database == name => Some(*seconds),
                    _ => None,
                })
                .sum();
            let idle = self.count(IDLE_CONNECTIONS);
            self.levels.connections[index] =
                if self.scenario.has_database() { f64::from(1 + idle) + busy.round() } else { 0.0 };
        }
        self.leaked = if parameters.memory_growth > 0.0 {
            self.leaked + parameters.memory_growth * TICK.as_secs_f64()
        } else {
            // The fix is a restart of the process, which frees the memory.
            0.0
        };
        let garbage = (self.age * GARBAGE_RATE) % GARBAGE;
        self.levels.resident_memory = (RESIDENT_MEMORY + garbage + self.leaked).min(LARGEST_MEMORY);
        self.levels.processor_time += 0.01 + 0.02 * self.random.random::<f64>();
    }

    fn choose_route(&mut self) -> &'static Route {
        let total: f64 = ROUTES.iter().map(|route| route.weight).sum();
        let mut left = self.random.random::<f64>() * total;
        let chosen = ROUTES.iter().find(|route| {
            left -= route.weight;
            left < 0.0
        });
        chosen.unwrap_or(&ROUTES[0])
    }

    /// Returns a random number of events in a tick.
    fn count(&mut self, mean: f64) -> u32 {
        // The distribution rejects a mean of 0, which means no events.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.random) as u32)
    }

    /// Returns a random duration with this median, in seconds.
    fn duration(&mut self, median: f64) -> f64 {
        LogNormal::new(median.ln(), SPREAD).map_or(median, |spread| spread.sample(&mut self.random))
    }
}

#[cfg(test)]
mod tests;
