//! `tdd-stack.drill/1`: the stages that each alert of a drill reached.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::drill::trace::AlertTrace;

/// The result of `drill`.
#[derive(Debug, Serialize)]
#[serde(tag = "schema", rename = "tdd-stack.drill/1")]
pub(crate) struct DrillDocument<'a> {
    /// The name of the stack.
    stack: &'a str,
    /// Whether every alert reached every stage.
    ok: bool,
    /// The duration of the drill in seconds.
    seconds: f64,
    /// The alerts.
    alerts: Vec<TraceItem>,
}

/// An alert of a drill.
#[derive(Debug, Serialize)]
struct TraceItem {
    /// The name of the alert.
    alert: &'static str,
    /// Whether it reached every stage.
    ok: bool,
    /// The stages that it reached, by name: `scraped`, `pending`, `firing`, `alertmanager`, `received` and
    /// `resolved`. Each is the time since the start of the injected fault in seconds; for `resolved`, since its end.
    stages: BTreeMap<&'static str, f64>,
    /// The stage that it did not reach, with the reason; null if it reached all.
    fault: Option<String>,
}

pub(crate) fn drill<'a>(stack: &'a str, traces: &[AlertTrace], total: Duration) -> DrillDocument<'a> {
    let alerts: Vec<TraceItem> = traces.iter().map(TraceItem::of).collect();
    DrillDocument { stack, ok: alerts.iter().all(|alert| alert.ok), seconds: total.as_secs_f64(), alerts }
}

impl TraceItem {
    fn of(trace: &AlertTrace) -> Self {
        let fault = trace.fault();
        Self {
            alert: trace.alert,
            ok: fault.is_none(),
            stages: trace.stages.iter().map(|(stage, time)| (stage.name(), time.as_secs_f64())).collect(),
            fault,
        }
    }
}
