//! What a drill makes wrong, and the alerts that must tell of it.
//!
//! Plain data.

use crate::demo::Scenario;
use crate::model::verification::WATCHDOG;

/// Something that is made wrong, and the alerts that must tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrillCase {
    /// What is made wrong.
    pub fault: InjectedFault,
    /// The alerts that must arrive.
    pub alerts: &'static [&'static str],
}

/// What is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// Nothing: the alert always fires.
    None,
    /// The simulated application, or the receiver.
    Scenario(Scenario),
    /// A rules file that Prometheus cannot load.
    BrokenRules,
}

/// All exercises, in an order in which none disturbs the next.
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
    // The simulated host is served beside the application's metrics, and goes with them.
    DrillCase {
        fault: InjectedFault::Scenario(Scenario::Outage),
        alerts: &["ApplicationDown", "MonitoringTargetDown"],
    },
    DrillCase { fault: InjectedFault::BrokenRules, alerts: &["PrometheusUnhealthy"] },
    DrillCase { fault: InjectedFault::Scenario(Scenario::ReceiverDown), alerts: &["AlertDeliveryFailing"] },
];

/// Returns the exercises that make an alert fire, each with the alerts to follow; all of them for `None`.
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
    fn every_alert_that_is_shipped_has_an_exercise() {
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
    fn one_alert_needs_one_exercise() {
        assert_eq!(
            exercises(Some("SlowQueries")),
            [(InjectedFault::Scenario(Scenario::SlowDb), vec!["SlowQueries"])]
        );
        assert_eq!(exercises(None).len(), EXERCISES.len());
        assert!(exercises(Some("Nothing")).is_empty());
    }
}
