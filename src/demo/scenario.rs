//! The scenarios of the demo application, with their quantities.
//!
//! Plain values, without randomness and clock.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A scenario of the demo application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Everything is healthy
    #[default]
    Steady,
    /// Half of the requests are answered 500
    Errors,
    /// Queries take seconds, and so do requests that run them
    SlowDb,
    /// No connection to a database can be opened
    DbDown,
    /// Requests take seconds, queries do not
    Slow,
    /// Application memory grows, host memory is almost used up
    Memory,
    /// Errors are logged without failed requests
    LogErrors,
    /// Nothing listens on the application's ports
    Outage,
    /// One metric of the contract is not exposed
    MissingMetrics,
    /// The receiver answers each notification with 500
    ReceiverDown,
}

/// The metric that [`Scenario::MissingMetrics`] omits.
pub(super) const MISSING_METRIC: &str = "tdd_phase_duration_seconds";

/// The quantities of a scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// The share of requests that fail without a database failure, 0 to 1.
    pub server_errors: f64,
    /// The share of database connections that cannot be opened, 0 to 1.
    pub connection_failures: f64,
    /// The factor for the application's own time for a request.
    pub request_factor: f64,
    /// The factor for the time of a query.
    pub query_factor: f64,
    /// The logged errors per second, without those of failed requests.
    pub logged_errors: f64,
    /// The growth of the application's memory, in bytes per second.
    pub memory_growth: f64,
    /// The used share of the simulated host's memory, 0 to 1.
    pub host_memory_used: f64,
}

/// The quantities of a healthy application. It fails rarely, since a counter that never changes cannot be
/// verified.
///
/// The failures are far below every threshold: about 540 requests in five minutes give 0.3 failures and as
/// many logged errors, and an alert needs more than 5.
const STEADY: Parameters = Parameters {
    server_errors: 0.000_5,
    connection_failures: 0.000_2,
    request_factor: 1.0,
    query_factor: 1.0,
    logged_errors: 0.0,
    memory_growth: 0.0,
    host_memory_used: 0.5,
};

impl Scenario {
    /// Returns all scenarios.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Returns the quantities of the scenario.
    pub fn parameters(self) -> Parameters {
        match self {
            Self::Steady | Self::Outage | Self::MissingMetrics | Self::ReceiverDown => STEADY,
            Self::Errors => Parameters { server_errors: 0.5, ..STEADY },
            Self::SlowDb => Parameters { query_factor: 500.0, ..STEADY },
            Self::DbDown => Parameters { connection_failures: 1.0, ..STEADY },
            Self::Slow => Parameters { request_factor: 40.0, ..STEADY },
            Self::Memory => {
                Parameters { memory_growth: f64::from(8 << 20), host_memory_used: 0.96, ..STEADY }
            }
            Self::LogErrors => Parameters { logged_errors: 0.2, ..STEADY },
        }
    }

    /// Returns the alerts that fire if the scenario lasts, in the order of their start.
    pub fn alerts(self) -> &'static [&'static str] {
        match self {
            Self::Steady => &[],
            Self::Errors => &["LogErrorsHigh", "HighErrorRate"],
            Self::SlowDb => &["SlowQueries", "ResponseTimeHigh"],
            Self::DbDown => &["LogErrorsHigh", "DatabaseConnectionFailure", "HighErrorRate"],
            Self::Slow => &["ResponseTimeHigh"],
            // Fires only if Prometheus scrapes the simulated host instead of the real one.
            Self::Memory => &["MemoryUsageHigh"],
            Self::LogErrors => &["LogErrorsHigh"],
            Self::Outage => &["ApplicationDown"],
            Self::MissingMetrics => &["AppMetricsMissing"],
            Self::ReceiverDown => &["AlertDeliveryFailing"],
        }
    }

    /// Returns a sentence with the alerts that fire if the scenario lasts.
    pub fn consequences(self) -> String {
        match self.alerts() {
            [] => "only Watchdog fires".into(),
            [only] => format!("{only} fires if it lasts"),
            several => format!("{} fire if it lasts", several.join(", ")),
        }
    }

    /// Returns whether the application's ports are open.
    pub fn is_reachable(self) -> bool {
        self != Self::Outage
    }

    /// Returns whether every metric of the contract is exposed.
    pub fn exposes_everything(self) -> bool {
        self != Self::MissingMetrics
    }

    /// Returns whether the receiver accepts notifications.
    pub fn accepts_notifications(self) -> bool {
        self != Self::ReceiverDown
    }

    /// Returns whether the databases are reachable.
    pub fn has_database(self) -> bool {
        self != Self::DbDown
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No variant is hidden from the command line, so each has a value.
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_names_are_equal_in_cli_and_json() {
        for scenario in Scenario::all() {
            assert_eq!(serde_json::to_value(scenario).unwrap(), scenario.to_string());
        }
    }

    #[test]
    fn every_alert_of_a_scenario_is_in_the_rules() {
        let rules = include_str!("../../assets/prometheus/alerts.yml");
        for alert in Scenario::all().iter().flat_map(|scenario| scenario.alerts()) {
            assert!(rules.contains(&format!("- alert: {alert}\n")), "{alert}");
        }
    }
}
