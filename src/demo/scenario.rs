//! What can be wrong with the simulated application, and by how much.
//!
//! Plain values: never draws a random number, never looks at a clock.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A state of the simulated application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// All is well
    #[default]
    Steady,
    /// Half of the requests are answered 500
    Errors,
    /// Queries take seconds, and so do the requests that wait for them
    SlowDb,
    /// No connection to a database can be opened
    DbDown,
    /// Requests take seconds by themselves
    Slow,
    /// The application's memory grows, and the simulated host has hardly any left
    Memory,
    /// Errors are logged that no request shows
    LogErrors,
    /// Nothing listens on the application's ports
    Outage,
    /// One metric of the contract is not exposed
    MissingMetrics,
    /// The receiver answers each notification with 500
    ReceiverDown,
}

/// The metric that [`Scenario::MissingMetrics`] leaves out.
pub(super) const MISSING_METRIC: &str = "tdd_phase_duration_seconds";

/// The quantities in which scenarios differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// The share of requests that fail for no reason of the database's, 0 to 1.
    pub server_errors: f64,
    /// The share of attempts to open a database connection that fail, 0 to 1.
    pub connection_failures: f64,
    /// How many times longer than usual the application itself takes for a request.
    pub request_factor: f64,
    /// How many times longer than usual a query takes.
    pub query_factor: f64,
    /// Errors that are logged apart from those of failed requests, per second.
    pub logged_errors: f64,
    /// How fast the application's memory grows, in bytes per second.
    pub memory_growth: f64,
    /// The share of the simulated host's memory that is in use, 0 to 1.
    pub host_memory_used: f64,
}

/// A healthy application. Rare failures belong to it: a counter that never moves proves nothing.
///
/// They are far from every threshold: about 540 requests in five minutes give 0.3 failures and as many logged
/// errors, and an alert needs more than 5.
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
    /// Returns every scenario.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Returns the quantities of this scenario.
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

    /// Returns the alerts that fire if it lasts, in the order in which they do.
    pub fn alerts(self) -> &'static [&'static str] {
        match self {
            Self::Steady => &[],
            Self::Errors => &["LogErrorsHigh", "HighErrorRate"],
            Self::SlowDb => &["SlowQueries", "ResponseTimeHigh"],
            Self::DbDown => &["LogErrorsHigh", "DatabaseConnectionFailure", "HighErrorRate"],
            Self::Slow => &["ResponseTimeHigh"],
            // Only where Prometheus reads the simulated host instead of the real one.
            Self::Memory => &["MemoryUsageHigh"],
            Self::LogErrors => &["LogErrorsHigh"],
            Self::Outage => &["ApplicationDown"],
            Self::MissingMetrics => &["AppMetricsMissing"],
            Self::ReceiverDown => &["AlertDeliveryFailing"],
        }
    }

    /// Says which alerts fire if it lasts.
    pub fn consequences(self) -> String {
        match self.alerts() {
            [] => "no alert but Watchdog fires".into(),
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

    /// Returns whether the receiver takes notifications.
    pub fn accepts_notifications(self) -> bool {
        self != Self::ReceiverDown
    }

    /// Returns whether the databases can be reached.
    pub fn has_database(self) -> bool {
        self != Self::DbDown
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every variant has a value on the command line.
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_on_the_command_line_and_on_the_wire() {
        for scenario in Scenario::all() {
            assert_eq!(serde_json::to_value(scenario).unwrap(), scenario.to_string());
        }
    }

    #[test]
    fn every_alert_that_a_scenario_promises_is_in_the_rules() {
        let rules = include_str!("../../assets/prometheus/alerts.yml");
        for alert in Scenario::all().iter().flat_map(|scenario| scenario.alerts()) {
            assert!(rules.contains(&format!("- alert: {alert}\n")), "{alert}");
        }
    }
}
