//! Lives the application's life: a team that works in red, green and refactor, and the requests, queries, connections
//! and log records that come of it.
//!
//! Never looks at a clock and never exposes anything: same seed, same scenarios at the same ticks, same life.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Poisson};

use super::activity::{Activity, Levels};
use super::application::{DATABASES, FAILURE, LOGGERS, OPERATIONS, PHASE_ROUTE, PHASES, ROUTES, Route};
use super::scenario::{Parameters, Scenario};

/// The step of the simulation. What comes less often than this is drawn by chance.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// Enough people that each phase ends several times a minute, so that no panel waits for its first value.
const PROGRAMMERS: usize = 12;
/// Requests per second in the mean.
const LOAD: f64 = 1.8;
/// How much more or less there is at the top and the bottom of a wave.
const SWING: f64 = 0.4;
/// The length of a wave of load, in seconds: a pomodoro.
const WAVE: f64 = 1500.0;
/// The share of mistaken requests where a client can make a mistake.
const MISTAKES: f64 = 0.06;
/// The spread of durations: 95 % of them stay below about twice their median.
const SPREAD: f64 = 0.45;
/// Connections that a database holds open in the mean, apart from those that queries hold.
const IDLE_CONNECTIONS: f64 = 2.0;
/// Warnings per second of the loggers that no request writes to.
const WARNINGS: [(&str, f64); 2] = [("duration_system", 1.0 / 120.0), ("root", 1.0 / 300.0)];
/// The memory of a fresh process.
const RESIDENT_MEMORY: f64 = 180.0 * 1024.0 * 1024.0;
/// A process that grows beyond this would be ended by the system.
const LARGEST_MEMORY: f64 = 3.0 * 1024.0 * 1024.0 * 1024.0;
/// Garbage that is collected again, at most, and how fast it is made, in bytes per second.
const GARBAGE: f64 = 24.0 * 1024.0 * 1024.0;
const GARBAGE_RATE: f64 = 96.0 * 1024.0;

/// The simulated application.
#[derive(Debug)]
pub(super) struct Model {
    random: ChaCha8Rng,
    scenario: Scenario,
    programmers: Vec<Programmer>,
    levels: Levels,
    /// What the memory has grown by in [`Scenario::Memory`].
    leaked: f64,
    /// Seconds since the beginning.
    age: f64,
    /// Time that was asked for and is less than a tick.
    remainder: Duration,
}

#[derive(Debug)]
struct Programmer {
    /// The phase, as an index of [`PHASES`].
    phase: usize,
    /// How long the phase lasts in all, in seconds.
    length: f64,
    /// What is left of it.
    left: f64,
}

impl Model {
    /// Begins a life, with the team in the midst of its work.
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

    /// Returns what is wrong at this moment.
    pub(super) fn scenario(&self) -> Scenario {
        self.scenario
    }

    /// Changes what is wrong from now on.
    pub(super) fn set_scenario(&mut self, scenario: Scenario) {
        self.scenario = scenario;
        self.levels.host_memory_used = scenario.parameters().host_memory_used;
    }

    /// Returns what is true at this moment.
    pub(super) fn levels(&self) -> Levels {
        self.levels
    }

    /// Lives on and returns what happened, in whole ticks: what is left over counts the next time.
    pub(super) fn advance(&mut self, elapsed: Duration) -> Vec<Activity> {
        let mut activities = Vec::new();
        self.remainder += elapsed;
        while self.remainder >= TICK {
            self.remainder -= TICK;
            self.tick(&mut activities);
        }
        activities
    }

    fn tick(&mut self, activities: &mut Vec<Activity>) {
        let parameters = self.scenario.parameters();
        let begin = activities.len();
        self.age += TICK.as_secs_f64();
        let load = LOAD * (1.0 + SWING * (std::f64::consts::TAU * self.age / WAVE).sin());
        for _ in 0..self.count(load) {
            let route = self.choose_route();
            self.request(route, parameters, activities);
        }
        self.work(parameters, activities);
        for (logger, rate) in WARNINGS {
            activities.extend((0..self.count(rate)).map(|_| Activity::Log { logger, level: "warning" }));
        }
        for _ in 0..self.count(parameters.logged_errors) {
            let level = if self.random.random_bool(0.1) { "critical" } else { "error" };
            activities.push(Activity::Log { logger: LOGGERS[0], level });
        }
        self.settle(parameters, &activities[begin..]);
    }

    /// Lets the team work for a tick. A phase that ends is saved by a request.
    fn work(&mut self, parameters: Parameters, activities: &mut Vec<Activity>) {
        for index in 0..self.programmers.len() {
            self.programmers[index].left -= TICK.as_secs_f64();
            if self.programmers[index].left > 0.0 {
                continue;
            }
            let ended = &self.programmers[index];
            let next = (ended.phase + 1) % PHASES.len();
            activities.push(Activity::Phase { phase: PHASES[ended.phase].0, seconds: ended.length });
            let length = self.duration(PHASES[next].1);
            self.programmers[index] = Programmer { phase: next, length, left: length };
            self.request(&ROUTES[PHASE_ROUTE], parameters, activities);
        }
    }

    fn request(&mut self, route: &Route, parameters: Parameters, activities: &mut Vec<Activity>) {
        let mut seconds = self.duration(route.seconds * parameters.request_factor);
        let mut status = route.success;
        if self.random.random_bool(parameters.connection_failures) {
            activities.push(Activity::ConnectionFailed { database: route.database });
            status = FAILURE;
        } else {
            for &operation in route.queries {
                let usual =
                    OPERATIONS.iter().find(|(name, _)| *name == operation).map_or(0.0, |found| found.1);
                let query = self.duration(usual * parameters.query_factor);
                seconds += query;
                activities.push(Activity::Query { database: route.database, operation, seconds: query });
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
            activities.push(Activity::Log { logger: LOGGERS[0], level });
        }
        activities.push(Activity::Request { handler: route.handler, method: route.method, status, seconds });
    }

    /// Brings the levels to where what happened in a tick leaves them.
    fn settle(&mut self, parameters: Parameters, activities: &[Activity]) {
        for (index, name) in DATABASES.into_iter().enumerate() {
            // Seconds of querying in a second are the connections that queries hold.
            let busy: f64 = activities
                .iter()
                .filter_map(|activity| match activity {
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
            // Whoever mends it restarts the process.
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

    /// Draws how often something happens in a tick.
    fn count(&mut self, mean: f64) -> u32 {
        // A mean of 0 is none that the distribution takes, and needs no chance.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.random) as u32)
    }

    /// Draws a duration in seconds by its median.
    fn duration(&mut self, median: f64) -> f64 {
        LogNormal::new(median.ln(), SPREAD).map_or(median, |spread| spread.sample(&mut self.random))
    }
}

#[cfg(test)]
mod tests;
