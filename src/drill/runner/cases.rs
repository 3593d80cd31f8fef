//! The faults that a drill injects, and the alerts that must report them.
//!
//! Plain data.

use crate::demo::Scenario;
use crate::model::alert::WATCHDOG;

/// A fault, and the alerts that must report it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrillCase {
    /// The fault to inject.
    pub fault: InjectedFault,
    /// The alerts that must reach the receiver.
    pub alerts: &'static [&'static str],
}

/// A fault that a drill injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// No fault: the alert always fires.
    None,
    /// A scenario of the demo application or of its receiver.
    Scenario(Scenario),
    /// A rule file that Prometheus cannot load.
    BrokenRules,
}

/// All cases, in an order in which no case affects the next.
pub const EXERCISES: [DrillCase; 8] = [
    DrillCase { fault: InjectedFault::None, alerts: &[WATCHDOG] },
    DrillCase {
        fault: InjectedFault::Scenario(Scenario::DbDown),
        alerts: &["DatabaseConnectionFailure", "LogErrorsHigh", "HighErrorRate"],
    },
    DrillCase {
        fault: InjectedFault::Scenario(Scenario::SlowDb),
        alerts: &["SlowQueries", "ResponseTimeHigh"],
    },
    DrillCase { fault: InjectedFault::Scenario(Scenario::Memory), alerts: &["MemoryUsageHigh"] },
    DrillCase { fault: InjectedFault::Scenario(Scenario::MissingMetrics), alerts: &["AppMetricsMissing"] },
    // The simulated host's metrics are served on the application's port, so an outage affects both.
    DrillCase {
        fault: InjectedFault::Scenario(Scenario::Outage),
        alerts: &["ApplicationDown", "MonitoringTargetDown"],
    },
    DrillCase { fault: InjectedFault::BrokenRules, alerts: &["PrometheusUnhealthy"] },
    DrillCase { fault: InjectedFault::Scenario(Scenario::ReceiverDown), alerts: &["AlertDeliveryFailing"] },
];

/// Returns the fault of each case for an alert with the alerts to follow, or all cases for `None`.
pub fn exercises(alert: Option<&str>) -> Vec<(InjectedFault, Vec<&'static str>)> {
    let wanted = |name: &&'static str| alert.is_none_or(|alert| alert == *name);
    EXERCISES
        .iter()
        .map(|exercise| (exercise.fault, exercise.alerts.iter().copied().filter(wanted).collect()))
        .filter(|(_, alerts): &(InjectedFault, Vec<&str>)| !alerts.is_empty())
        .collect()
}

/// Returns the names of all alerts that can be drilled.
pub fn alerts() -> Vec<&'static str> {
    EXERCISES.iter().flat_map(|exercise| exercise.alerts).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_alert_has_a_case() {
        let rules = include_str!("../../../assets/prometheus/alerts.yml");
        let shipped: Vec<&str> =
            rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        let mut drilled = alerts();
        drilled.sort_unstable();
        let mut expected = shipped.clone();
        expected.sort_unstable();
        assert_eq!(drilled, expected);
    }

    #[test]
    fn one_alert_needs_one_case() {
        assert_eq!(
            exercises(Some("SlowQueries")),
            [(InjectedFault::Scenario(Scenario::SlowDb), vec!["SlowQueries"])]
        );
        assert_eq!(exercises(None).len(), EXERCISES.len());
        assert!(exercises(Some("Nothing")).is_empty());
    }
}
