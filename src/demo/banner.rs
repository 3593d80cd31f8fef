//! The banner of a demo that is ready: JSON for scripts, text for people.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::import::ImportReport;
use super::{CONTROL_ADDRESS, DemoState, Ports};

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

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DemoState { scenario, listen, ports, .. } = &self.state;
        let Ports { health, metrics, receiver, control } = ports;
        let address = listen.first().copied().unwrap_or(CONTROL_ADDRESS);
        writeln!(f, "demo: scenario {scenario}, {}", scenario.consequences())?;
        writeln!(f, "  health    http://{address}:{health}/health/metrics")?;
        writeln!(f, "  metrics   http://{address}:{metrics}/metrics")?;
        writeln!(f, "  receiver  http://{address}:{receiver}/webhook")?;
        writeln!(f, "  control   http://{CONTROL_ADDRESS}:{control}, used by `tdd-stack demo set SCENARIO`")?;
        for other in listen.iter().skip(1) {
            writeln!(f, "  also on   {other}")?;
        }
        if let Some(report) = &self.history {
            let (begin, end) = (moment(report.begin), moment(report.end));
            let ImportReport { series, samples, simulated, imported, restarted, .. } = report;
            writeln!(f, "  history   {begin} to {end}: {series} series, {samples} samples")?;
            write!(f, "            simulated in {simulated:.2}s, imported in {imported:.2}s, ")?;
            writeln!(f, "Prometheus restarted in {restarted:.2}s")?;
        }
        for note in self.notes {
            writeln!(f, "  note      {note}")?;
        }
        writeln!(f, "  Ctrl-C stops it")
    }
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
    use crate::demo::Scenario;
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
