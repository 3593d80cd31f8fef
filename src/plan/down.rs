//! Decides what to remove. Looks only at what carries our label, never at the wanted stack: so what an
//! earlier or later release made is removed too, and the configuration folder may be gone.

use std::collections::BTreeSet;

use super::{Cause, Force, Operation, Plan};
use crate::model::observed::{ContainerState, Objects, VolumeKind};

/// Seconds that a service gets to stop cleanly; Grafana's own limit is 30.
const STOP_SECONDS: u32 = 30;

/// What survives a `down`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whether volumes with data stay.
    pub data: bool,
    /// Whether images stay.
    pub images: bool,
}

/// Plans the removal of everything that is ours, but for what is to be kept. `unready` are the ids of containers that
/// run and do not serve.
pub fn down(objects: &Objects, unready: &BTreeSet<String>, keep: Kept) -> Plan {
    let asked = || Cause::Asked(if keep.data { "down" } else { "down --volumes" });
    let mut plan = Plan::default();
    let mut gone = Vec::new();
    for leftover in &objects.leftovers {
        gone.push(plan.push(remove(leftover, leftover, Force::Kill), Cause::CutOff, &[]));
    }
    for old in objects.set_aside.values() {
        gone.push(plan.push(remove(&old.name, &old.id, Force::Kill), asked(), &[]));
    }
    for (service, container) in &objects.containers {
        // A clean stop serves the data alone, and what does not serve has written nothing since its start: its data
        // outlives a kill as it outlived the last end.
        let has_served = match container.state {
            ContainerState::Created | ContainerState::Restarting => false,
            ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Exited
            | ContainerState::Other => !unready.contains(&container.id),
        };
        let removed = if keep.data && has_served {
            let stop = Operation::Stop {
                service: service.clone(),
                container: container.id.clone(),
                seconds: STOP_SECONDS,
            };
            let stopped = plan.push(stop, asked(), &[]);
            plan.push(remove(&container.name, &container.id, Force::Stopped), asked(), &[stopped])
        } else {
            plan.push(remove(&container.name, &container.id, Force::Kill), asked(), &[])
        };
        gone.push(removed);
    }
    for network in &objects.networks {
        plan.push(Operation::RemoveNetwork(network.clone()), asked(), &gone);
    }
    let mut emptied = Vec::new();
    for (volume, kind) in &objects.volumes {
        if *kind == VolumeKind::Config || !keep.data {
            emptied.push(plan.push(Operation::RemoveVolume(volume.clone()), asked(), &gone));
        }
    }
    // Data that was restored by half stays known as that for as long as it is there.
    if let Some(restore) = objects.restore.as_ref().filter(|_| !keep.data) {
        plan.push(remove(&restore.sentinel, &restore.sentinel, Force::Kill), asked(), &emptied);
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
