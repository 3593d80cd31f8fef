//! Answers of Alertmanager 0.33 to the program's requests: the received alerts.

use serde_json::{Value, json};

use super::prometheus;
use crate::state::State;

/// Returns the firing alerts of a Prometheus on the same network that is connected to an Alertmanager.
pub(super) fn alerts(state: &State, container: &str) -> Value {
    let network = state.container(container).map(|found| found.network.clone()).unwrap_or_default();
    let senders = state
        .containers
        .iter()
        .filter(|found| found.service() == Some("prometheus") && found.network == network && found.runs());
    let fired = senders.flat_map(|sender| prometheus::sent(state, &sender.name, &sender.loaded));
    fired.map(|name| alert(&name)).collect()
}

fn alert(name: &str) -> Value {
    json!({
        "labels": {"alertname": name, "severity": "none"},
        "annotations": {"summary": "Alerts are delivered"},
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "startsAt": "2026-01-01T00:00:00.000Z",
        "receivers": [{"name": "watchdog"}],
        "fingerprint": "7a3a1c9d1f0e5b42",
    })
}
