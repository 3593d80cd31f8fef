//! Everything that the engine reports about a stack's objects, unchanged, for diagnostics. Changes nothing.

use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::query_parameters::{
    InspectContainerOptions, InspectNetworkOptions, ListContainersOptionsBuilder, ListNetworksOptions,
    ListVolumesOptions,
};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use serde_json::Value;

use super::read::is_ours;
use super::{Engine, LogLine, LogQuery};
use crate::error::{Error, ObjectKind, Result};

/// An object's kind and name, and what the engine reports about it.
pub(super) type Described = (ObjectKind, String, Result<Value>);

impl Engine {
    /// Returns what the engine reports about each object of a stack, and about the containers' images.
    ///
    /// `limit` is the time limit of each answer.
    pub async fn describe_objects(&self, stack: &str, limit: Duration) -> Result<Vec<Described>> {
        let all = ListContainersOptionsBuilder::new().all(true).build();
        let (containers, networks, volumes) = tokio::try_join!(
            self.docker.within(limit, |docker| docker.list_containers(Some(all))),
            self.docker.within(limit, |docker| docker.list_networks(None::<ListNetworksOptions>)),
            self.docker.within(limit, |docker| docker.list_volumes(None::<ListVolumesOptions>)),
        )
        .map_err(Error::engine("list the stack's objects"))?;
        let containers: Vec<_> =
            containers.into_iter().filter(|seen| is_ours(stack, seen.labels.as_ref())).collect();
        let of_containers = join_all(containers.iter().map(|seen| async {
            let name = seen.names.iter().flatten().next().map_or("", |name| name.trim_start_matches('/'));
            let id = seen.id.as_deref().unwrap_or_default();
            let answer = self
                .docker
                .within(limit, |docker| docker.inspect_container(id, None::<InspectContainerOptions>))
                .await;
            (ObjectKind::Container, name.to_string(), as_json(ObjectKind::Container, name, answer))
        }));
        let mut images: Vec<&str> = containers.iter().filter_map(|seen| seen.image.as_deref()).collect();
        images.sort_unstable();
        images.dedup();
        let of_images = join_all(images.into_iter().map(|image| async move {
            let answer = self.docker.within(limit, |docker| docker.inspect_image(image)).await;
            (ObjectKind::Image, image.to_string(), as_json(ObjectKind::Image, image, answer))
        }));
        let networks = networks.into_iter().filter(|seen| is_ours(stack, seen.labels.as_ref()));
        let of_networks = join_all(networks.map(|seen| async move {
            let name = seen.name.unwrap_or_default();
            let answer = self
                .docker
                .within(limit, |docker| docker.inspect_network(&name, None::<InspectNetworkOptions>))
                .await;
            let answer = as_json(ObjectKind::Network, &name, answer);
            (ObjectKind::Network, name, answer)
        }));
        let volumes = volumes.volumes.unwrap_or_default();
        // The list already has everything about a volume.
        let of_volumes = volumes.into_iter().filter(|seen| is_ours(stack, Some(&seen.labels))).map(|seen| {
            let name = seen.name.clone();
            let answer = as_json(ObjectKind::Volume, &name, Ok(seen));
            (ObjectKind::Volume, name, answer)
        });
        let (containers, images, networks) = tokio::join!(of_containers, of_images, of_networks);
        Ok(containers.into_iter().chain(images).chain(networks).chain(of_volumes).collect())
    }

    /// Returns the last lines of a container's log, each with its time.
    pub async fn log_tail(&self, container: &str, lines: u32) -> Result<String> {
        let query = LogQuery { follow: false, tail: lines.to_string(), since: 0, dated: true };
        let lines: Vec<LogLine> = self.logs(container, &query).try_collect().await?;
        Ok(lines.into_iter().flat_map(|line| [line.text, "\n".into()]).collect())
    }
}

fn as_json<T: serde::Serialize>(
    kind: ObjectKind,
    name: &str,
    answer: std::result::Result<T, EngineError>,
) -> Result<Value> {
    let action = || format!("inspect {kind} `{name}`");
    let seen = answer.map_err(Error::engine(action()))?;
    serde_json::to_value(seen).map_err(Error::engine(action()))
}
