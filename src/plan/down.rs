//! Decides what `down` removes. It uses only the labels on objects, not the desired state, so objects of
//! earlier and later releases are removed too, and the configuration folder may be missing.

use std::collections::BTreeSet;

use super::{Cause, Force, Operation, Plan};
use crate::model::observed::{ContainerState, Objects, VolumeKind};

/// Seconds that a clean stop may take; Grafana's own limit is 30.
const STOP_SECONDS: u32 = 30;

/// What `down` keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whether volumes with data are kept.
    pub data: bool,
    /// Whether images are kept.
    pub images: bool,
}

/// Plans the removal of all objects of the stack, except what is kept. `unready` contains the ids of
/// containers that run but are not ready.
pub fn down(objects: &Objects, unready: &BTreeSet<String>, keep: Kept) -> Plan {
    let cause = || Cause::Asked(if keep.data { "down" } else { "down --volumes" });
    let mut plan = Plan::default();
    let mut gone = Vec::new();
    for leftover in &objects.leftovers {
        gone.push(plan.push(remove(leftover, leftover, Force::Kill), Cause::CutOff, &[]));
    }
    for old in objects.set_aside.values() {
        gone.push(plan.push(remove(&old.name, &old.id, Force::Kill), cause(), &[]));
    }
    for (service, container) in &objects.containers {
        // A clean stop only protects data. A service that is not ready has written nothing since its start,
        // so killing it loses nothing.
        let may_have_written = match container.state {
            ContainerState::Created | ContainerState::Restarting => false,
            ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Exited
            | ContainerState::Other => !unready.contains(&container.id),
        };
        let removed = if keep.data && may_have_written {
            let stop = Operation::Stop {
                service: service.clone(),
                container: container.id.clone(),
                seconds: STOP_SECONDS,
            };
            let stopped = plan.push(stop, cause(), &[]);
            plan.push(remove(&container.name, &container.id, Force::Stopped), cause(), &[stopped])
        } else {
            plan.push(remove(&container.name, &container.id, Force::Kill), cause(), &[])
        };
        gone.push(removed);
    }
    for network in &objects.networks {
        plan.push(Operation::RemoveNetwork(network.clone()), cause(), &gone);
    }
    let mut emptied = Vec::new();
    for (volume, kind) in &objects.volumes {
        if *kind == VolumeKind::Config || !keep.data {
            emptied.push(plan.push(Operation::RemoveVolume(volume.clone()), cause(), &gone));
        }
    }
    // Partially restored data keeps its marker container until the data is removed.
    if let Some(restore) = objects.restore.as_ref().filter(|_| !keep.data) {
        plan.push(remove(&restore.sentinel, &restore.sentinel, Force::Kill), cause(), &emptied);
    }
    if !keep.images {
        let mut images: Vec<&String> =
            objects.containers.values().map(|container| &container.image).collect();
        images.sort_unstable();
        images.dedup();
        for image in images {
            plan.push(Operation::RemoveImage(image.clone()), Cause::Asked("--images"), &gone);
        }
    }
    plan
}

fn remove(name: &str, container: &str, force: Force) -> Operation {
    Operation::Remove { name: name.to_string(), container: container.to_string(), force }
}
