//! Volumes in and out of the engine as archives, through a short-lived container that is never started.

use bollard::body_try_stream;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, StartContainerOptions,
    UploadToContainerOptionsBuilder,
};
use futures_util::{Stream, TryStreamExt};

use super::timeout::{PROGRAM, WORK};
use super::{Engine, EngineWriter, container_spec};
use crate::error::{Error, Result};
use crate::model::stack::{LABEL_CHECK, LABEL_RESTORE, Stack};

/// The folder as which a volume is mounted, and the first part of every path in its archive.
pub const VOLUME_ROOT: &str = "volume";

impl Engine {
    /// Returns the archive of the volume that a carrier has, as it comes.
    pub fn volume_archive(&self, carrier: &str) -> impl Stream<Item = Result<Vec<u8>>> + use<> {
        let options = DownloadFromContainerOptionsBuilder::new().path(&format!("/{VOLUME_ROOT}")).build();
        let stream = self.docker.stream_with_heartbeat(Some(WORK), |docker| {
            docker.download_from_container(carrier, Some(options))
        });
        stream.map_ok(|chunk| chunk.to_vec()).map_err(|error| Error::engine("read a volume")(error))
    }
}

impl EngineWriter {
    /// Makes a container that carries a volume and is never started, and returns its id.
    ///
    /// It is labelled as a check, so that the next `up` or `down` removes one that was left behind.
    pub async fn create_carrier(
        &self,
        stack: &str,
        image: &str,
        volume: &str,
        purpose: &str,
    ) -> Result<String> {
        let mount = Mount {
            typ: Some(MountType::VOLUME),
            source: Some(volume.to_string()),
            target: Some(format!("/{VOLUME_ROOT}")),
            // What the image has there is no part of the data.
            volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(image.to_string()),
            labels: Some(container_spec::errand_labels(stack, LABEL_CHECK, &format!("{purpose} {volume}"))),
            host_config: Some(HostConfig { mounts: Some(vec![mount]), ..container_spec::errand_host() }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().build();
        let doing = format!("create a container to {purpose} volume `{volume}`");
        Ok(self
            .work(|docker| docker.create_container(Some(options), body))
            .await
            .map_err(Error::engine(doing))?
            .id)
    }

    /// Makes a container that is never started and says that a restore of these volumes has begun; returns its id.
    pub async fn create_restore_sentinel(
        &self,
        stack: &Stack,
        image: &str,
        volumes: &[&str],
    ) -> Result<String> {
        let name = stack.restore_mark();
        let body = ContainerCreateBody {
            image: Some(image.to_string()),
            labels: Some(container_spec::errand_labels(&stack.name, LABEL_RESTORE, &volumes.join(","))),
            host_config: Some(container_spec::errand_host()),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        Ok(self
            .work(|docker| docker.create_container(Some(options), body))
            .await
            .map_err(Error::engine(format!("create container `{name}`")))?
            .id)
    }

    /// Puts an archive, whose first folder is [`VOLUME_ROOT`], into the volume that a carrier has.
    pub async fn fill_volume(
        &self,
        carrier: &str,
        archive: impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static,
    ) -> Result<()> {
        // From above the volume: the engine leaves the owner of the folder it unpacks into as it is.
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = body_try_stream(archive.map_ok(Into::into));
        self.change(PROGRAM, |docker| docker.upload_to_container(carrier, Some(options), body))
            .await
            .map_err(Error::engine("write a volume"))
    }

    /// Starts a container again that the same program has stopped: also where the lock was lost meanwhile, or it
    /// would stay down.
    pub async fn resume(&self, container: &str) -> Result<()> {
        let docker = &self.engine.docker;
        docker
            .with_heartbeat(WORK, |docker| docker.start_container(container, None::<StartContainerOptions>))
            .await
            .map_err(Error::engine(format!("start `{container}` again")))
    }
}
