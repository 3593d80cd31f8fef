//! The metrics of the demo application, as in the metric contract: names, types, labels, buckets.
//!
//! The only module that uses `prometheus_client`. Every series exists from the start: an alert cannot
//! evaluate a missing series, and `increase()` does not count the event that creates a series.

mod labels;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use super::activity::{Activity, Levels};
use super::application::{
    COMPONENTS, DATABASES, FAILURE, LEVELS, LOGGERS, OPERATIONS, PHASES, PYTHON_VERSION, ROUTES, VERSION,
};
use super::scenario::{MISSING_METRIC, Scenario};
use labels::{
    BuildLabels, ComponentLabels, DatabaseLabels, HandlerLabels, LogLabels, PhaseLabels, QueryLabels,
    RequestLabels,
};

const REQUEST_BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
const QUERY_BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];
const PHASE_BUCKETS: [f64; 10] = [15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0];
/// The memory of the simulated host in bytes: 16 GiB.
const HOST_MEMORY: f64 = 16.0 * 1024.0 * 1024.0 * 1024.0;

type Number = Gauge<f64, AtomicU64>;
type Seconds<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// A page with metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The application's health: port 8501, job `streamlit-app`.
    Health,
    /// The application's other metrics: port 8502, job `app-metrics`.
    Application,
    /// The memory of a simulated host, since the demo cannot fill the memory of the real one.
    Host,
}

/// All metrics, and the registries that expose them.
#[derive(Debug)]
pub(super) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    request_seconds: Seconds<HandlerLabels>,
    connections: Family<DatabaseLabels, Number>,
    connection_failures: Family<DatabaseLabels, Counter>,
    query_seconds: Seconds<QueryLabels>,
    phase_seconds: Seconds<PhaseLabels>,
    log_records: Family<LogLabels, Counter>,
    resident_memory: Number,
    processor_time: Counter<f64, AtomicU64>,
    health: Family<ComponentLabels, Number>,
    available_memory: Number,
    application: Registry,
    /// The same metrics without [`MISSING_METRIC`].
    incomplete: Registry,
    health_page: Registry,
    host: Registry,
}

impl Metrics {
    /// Creates every series of the contract.
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            connections: Family::default(),
            connection_failures: Family::default(),
            query_seconds: Family::new_with_constructor(|| Histogram::new(QUERY_BUCKETS)),
            phase_seconds: Family::new_with_constructor(|| Histogram::new(PHASE_BUCKETS)),
            log_records: Family::default(),
            resident_memory: Number::default(),
            processor_time: Counter::default(),
            health: Family::default(),
            available_memory: Number::default(),
            application: Registry::default(),
            incomplete: Registry::default(),
            health_page: Registry::default(),
            host: Registry::default(),
        };
        metrics.make_series();
        metrics.register();
        metrics
    }

    /// Counts an event.
    pub(super) fn record(&self, event: &Activity) {
        match *event {
            Activity::Request { handler, method, status, seconds } => {
                self.requests.get_or_create(&RequestLabels { handler, method, status }).inc();
                self.request_seconds.get_or_create(&HandlerLabels { handler, method }).observe(seconds);
            }
            Activity::Query { database, operation, seconds } => {
                self.query_seconds.get_or_create(&QueryLabels { database, operation }).observe(seconds);
            }
            Activity::ConnectionFailed { database } => {
                self.connection_failures.get_or_create(&DatabaseLabels { database }).inc();
            }
            Activity::Phase { phase, seconds } => {
                self.phase_seconds.get_or_create(&PhaseLabels { phase }).observe(seconds);
            }
            Activity::Log { logger, level } => {
                self.log_records.get_or_create(&LogLabels { logger, level }).inc();
            }
        }
    }

    /// Sets the gauges to the current levels.
    pub(super) fn set(&self, levels: &Levels, scenario: Scenario) {
        for (database, open) in DATABASES.into_iter().zip(levels.connections) {
            self.connections.get_or_create(&DatabaseLabels { database }).set(open);
        }
        for component in COMPONENTS {
            let is_healthy = component != "database" || scenario.has_database();
            self.health.get_or_create(&ComponentLabels { component }).set(f64::from(u8::from(is_healthy)));
        }
        self.resident_memory.set(levels.resident_memory);
        self.processor_time.inc_by((levels.processor_time - self.processor_time.get()).max(0.0));
        self.available_memory.set(HOST_MEMORY * (1.0 - levels.host_memory_used));
    }

    /// Returns a page in the `OpenMetrics` text format.
    pub(super) fn page(&self, page: Page, scenario: Scenario) -> String {
        let registry = match page {
            Page::Health => &self.health_page,
            Page::Application if scenario.exposes_everything() => &self.application,
            Page::Application => &self.incomplete,
            Page::Host => &self.host,
        };
        let mut exposition = String::new();
        text::encode(&mut exposition, registry).expect("writing to a string does not fail");
        exposition
    }

    fn make_series(&self) {
        for route in &ROUTES {
            let (handler, method) = (route.handler, route.method);
            drop(self.request_seconds.get_or_create(&HandlerLabels { handler, method }));
            for status in [Some(route.success), route.mistake, Some(FAILURE)].into_iter().flatten() {
                drop(self.requests.get_or_create(&RequestLabels { handler, method, status }));
            }
        }
        for database in DATABASES {
            drop(self.connections.get_or_create(&DatabaseLabels { database }));
            drop(self.connection_failures.get_or_create(&DatabaseLabels { database }));
            for (operation, _) in OPERATIONS {
                drop(self.query_seconds.get_or_create(&QueryLabels { database, operation }));
            }
        }
        for (phase, _) in PHASES {
            drop(self.phase_seconds.get_or_create(&PhaseLabels { phase }));
        }
        for logger in LOGGERS {
            for level in LEVELS {
                drop(self.log_records.get_or_create(&LogLabels { logger, level }));
            }
        }
        for component in COMPONENTS {
            self.health.get_or_create(&ComponentLabels { component }).set(1.0);
        }
    }

    /// Registers the metrics. The library adds the suffix `_total` to the names of counters.
    fn register(&mut self) {
        for (registry, is_complete) in [(&mut self.application, true), (&mut self.incomplete, false)] {
            let mut add = Registrar(registry);
            add.metric("http_requests", "Answered requests and script runs", &self.requests);
            add.metric(
                "http_request_duration_seconds",
                "Time to answer a request or run a script",
                &self.request_seconds,
            );
            add.metric("database_connections_active", "Open database connections", &self.connections);
            add.metric(
                "database_connections_failed",
                "Failed attempts to connect",
                &self.connection_failures,
            );
            add.metric("database_query_duration_seconds", "Time to run a query", &self.query_seconds);
            if is_complete {
                add.metric(MISSING_METRIC, "Duration of a TDD phase", &self.phase_seconds);
            }
            add.metric("log_messages", "Log records of level warning and above", &self.log_records);
            add.metric("process_resident_memory_bytes", "Resident memory", &self.resident_memory);
            add.metric("process_cpu_seconds", "Used processor time", &self.processor_time);
        }
        let build = Family::<BuildLabels, Gauge>::default();
        build.get_or_create(&BuildLabels { version: VERSION, python_version: PYTHON_VERSION }).set(1);
        let mut add = Registrar(&mut self.health_page);
        add.metric("app_health_status", "Whether a component works, 1 or 0", &self.health);
        add.metric("app_build_info", "Versions of the application and of Python, always 1", &build);
        let total = Number::default();
        total.set(HOST_MEMORY);
        let mut add = Registrar(&mut self.host);
        add.metric("node_memory_MemTotal_bytes", "Memory of the simulated host", &total);
        add.metric("node_memory_MemAvailable_bytes", "Memory for new processes", &self.available_memory);
    }
}

/// A registry that registers clones of metrics, so that two registries can share one metric.
struct Registrar<'a>(&'a mut Registry);

impl Registrar<'_> {
    fn metric(&mut self, name: &str, help: &str, metric: &(impl Metric + Clone)) {
        self.0.register(name, help, metric.clone());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
