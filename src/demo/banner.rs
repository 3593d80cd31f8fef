//! What a demo that is ready says, for scripts, and its texts for people.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::DemoState;
use super::import::ImportReport;

/// The content of the banner.
#[derive(Debug, Serialize)]
pub struct Banner<'a> {
    /// The state of the demo.
    #[serde(flatten)]
    pub state: DemoState,
    /// The imported history, if there is one.
    pub history: Option<ImportReport>,
    /// Notes for the user.
    pub notes: &'a [String],
}

/// Returns the imported history for people: its times and sizes, and how long each part took.
pub fn history_lines(report: &ImportReport) -> [String; 2] {
    let ImportReport { series, samples, simulated, imported, restarted, .. } = report;
    let (begin, end) = (moment(report.begin), moment(report.end));
    [
        format!("{begin} to {end}: {series} series, {samples} samples"),
        format!(
            "simulated in {simulated:.1}s, imported in {imported:.1}s, Prometheus restarted in {restarted:.1}s"
        ),
    ]
}

/// Returns the note that nothing is imported; `first` is the time of the first sample, in Unix
/// seconds.
pub fn already_there(first: u64) -> String {
    format!("nothing is imported: Prometheus already has samples since {}", moment(first))
}

/// Returns a time in Unix seconds, formatted as RFC 3339.
fn moment(seconds: u64) -> impl fmt::Display {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{CONTROL_ADDRESS, Ports, Scenario};
    use crate::output::documentation;

    #[test]
    fn banner_matches_its_documentation() {
        let scenario = Scenario::Errors;
        let state = DemoState {
            scenario,
            alerts: scenario.alerts(),
            seconds: 0.5,
            listen: vec![CONTROL_ADDRESS],
            ports: Ports::default(),
            notifications: 0,
        };
        let banner = Banner { state, history: Some(ImportReport::default()), notes: &[] };
        documentation::assert_complete("tdd-stack.demo/1", &[serde_json::to_value(banner).unwrap()]);
    }
}
