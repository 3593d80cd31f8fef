//! Transfers volumes as archives into and out of the engine, through a helper container that is never started.

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

/// The folder at which a volume is mounted, and the first part of every path in its archive.
pub const VOLUME_ROOT: &str = "volume";

impl Engine {
    /// Returns the archive of a helper container's volume as a stream.
    pub fn volume_archive(&self, helper: &str) -> impl Stream<Item = Result<Vec<u8>>> + use<> {
        let options = DownloadFromContainerOptionsBuilder::new().path(&format!("/{VOLUME_ROOT}")).build();
        let stream = self.docker.stream_with_heartbeat(Some(WORK), |docker| {
            docker.download_from_container(helper, Some(options))
        });
        stream.map_ok(|chunk| chunk.to_vec()).map_err(|error| Error::engine("read a volume")(error))
    }
}

impl EngineWriter {
    /// Creates a helper container that mounts a volume and is never started, and returns its id.
    ///
    /// It has the label of a check, so the next `up` or `down` removes it if it was left behind.
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
            // The image's content at this path is not part of the data.
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
        let action = format!("create a container to {purpose} volume `{volume}`");
        Ok(self
            .work(|docker| docker.create_container(Some(options), body))
            .await
            .map_err(Error::engine(action))?
            .id)
    }

    /// Creates a container that records that a restore of these volumes has begun. It is never started.
    /// Returns its id.
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

    /// Unpacks an archive, whose first folder is [`VOLUME_ROOT`], into a helper container's volume.
    pub async fn fill_volume(
        &self,
        helper: &str,
        archive: impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static,
    ) -> Result<()> {
        // Unpacked above the volume: the engine does not change the owner of the folder into which it unpacks.
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = body_try_stream(archive.map_ok(Into::into));
        self.change(PROGRAM, |docker| docker.upload_to_container(helper, Some(options), body))
            .await
            .map_err(Error::engine("write a volume"))
    }

    /// Starts a container again that this program has stopped, even if the lock was lost meanwhile. Otherwise
    /// the container would stay down.
    pub async fn resume(&self, container: &str) -> Result<()> {
        let docker = &self.engine.docker;
        docker
            .with_heartbeat(WORK, |docker| docker.start_container(container, None::<StartContainerOptions>))
            .await
            .map_err(Error::engine(format!("start `{container}` again")))
    }
}
