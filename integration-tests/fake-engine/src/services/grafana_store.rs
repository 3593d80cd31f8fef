//! Grafana's data in its data volume.

use crate::state::{GrafanaStore, State};

/// Returns the data of the Grafana in a container.
pub(super) fn grafana_store<'a>(state: &'a mut State, container: &str) -> Option<&'a mut GrafanaStore> {
    let volume = state
        .container(container)?
        .volumes()
        .find(|(_, target)| *target == "/var/lib/grafana")?
        .0
        .to_string();
    Some(&mut state.volumes.get_mut(&volume)?.grafana)
}
