//! Where a Grafana keeps what it is given: in its data volume.

use crate::state::{GrafanaStore, State};

/// Returns what the Grafana in a container keeps.
pub(super) fn grafana_store<'a>(state: &'a mut State, container: &str) -> Option<&'a mut GrafanaStore> {
    let volume = state
        .container(container)?
        .volumes()
        .find(|(_, target)| *target == "/var/lib/grafana")?
        .0
        .to_string();
    Some(&mut state.volumes.get_mut(&volume)?.grafana)
}
