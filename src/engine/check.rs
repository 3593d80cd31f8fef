//! Runs a check command on files in a short-lived container, and always removes the container.

use std::time::Duration;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters::CreateContainerOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt};

use super::{EngineWriter, LogLine, LogQuery, container_spec};
use crate::config::check_output::CheckOutput;
use crate::error::{Error, Result, and_clean_up};
use crate::model::stack::LABEL_CHECK;
use crate::plan::Force;

/// The time limit of a check, which takes a tenth of a second, or seconds on a busy machine.
const TIME: Duration = Duration::from_mins(1);
/// The memory limit of a check in bytes: many times what the tools need for the longest files.
const MEMORY: i64 = 1024 * 1024 * 1024;
/// The maximum number of output lines that are kept.
const LINES: usize = 2000;

/// The purpose of a short-lived container.
enum Task {
    /// Checks files, within this time.
    Check(Duration),
    /// Fills a volume, without a limit of time or memory.
    Fill(Box<Mount>),
}

impl EngineWriter {
    /// Runs a command of an image on files that are put into `folder`.
    pub async fn check(
        &self,
        stack: &str,
        image: &str,
        command: &[&str],
        folder: &str,
        files: &[(String, String)],
    ) -> Result<CheckOutput> {
        self.check_within(TIME, stack, image, command, (folder, files)).await
    }

    /// Runs a check like [`Self::check`], within `time`.
    pub async fn check_within(
        &self,
        time: Duration,
        stack: &str,
        image: &str,
        command: &[&str],
        files: (&str, &[(String, String)]),
    ) -> Result<CheckOutput> {
        self.run(stack, image, command, files, Task::Check(time)).await
    }

    /// Runs a command of an image on files that are put into a folder, with a volume that it may change.
    pub async fn run_over_volume(
        &self,
        stack: &str,
        image: &str,
        command: &[&str],
        files: (&str, &[(String, String)]),
        (volume, target): (&str, &str),
    ) -> Result<CheckOutput> {
        let mount = Mount {
            typ: Some(MountType::VOLUME),
            source: Some(volume.to_string()),
            target: Some(target.to_string()),
            ..Mount::default()
        };
        self.run(stack, image, command, files, Task::Fill(Box::new(mount))).await
    }

    async fn run(
        &self,
        stack: &str,
        image: &str,
        command: &[&str],
        (folder, files): (&str, &[(String, String)]),
        task: Task,
    ) -> Result<CheckOutput> {
        let (time, memory, mounts) = match task {
            Task::Check(time) => (time, Some(MEMORY), None),
            Task::Fill(mount) => (Duration::MAX, None, Some(vec![*mount])),
        };
        let words: Vec<String> = command.iter().map(ToString::to_string).collect();
        let body = ContainerCreateBody {
            image: Some(image.to_string()),
            entrypoint: words.first().map(|program| vec![program.clone()]),
            cmd: Some(words.get(1..).unwrap_or_default().to_vec()),
            labels: Some(container_spec::errand_labels(stack, LABEL_CHECK, &command.join(" "))),
            host_config: Some(HostConfig { memory, mounts, ..container_spec::errand_host() }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::new().build();
        let doing = format!("create a container to run `{}`", command.join(" "));
        let created = self
            .work(|docker| docker.create_container(Some(options), body))
            .await
            .map_err(Error::engine(doing))?;
        let output = self.run_check(&created.id, folder, files, time).await;
        let removed = self.remove(&created.id, Force::Kill).await;
        and_clean_up(output, removed.err())
    }

    async fn run_check(
        &self,
        container: &str,
        folder: &str,
        files: &[(String, String)],
        limit: Duration,
    ) -> Result<CheckOutput> {
        // The image may lack the folder, so the archive contains it.
        let placed: Vec<(String, String)> =
            files.iter().map(|(name, content)| (format!("{folder}/{name}"), content.clone())).collect();
        self.upload(container, "/", &placed).await?;
        self.start_container(container).await.map_err(Error::engine("start a check"))?;
        let exit_code = tokio::time::timeout(limit, self.wait(container)).await.map_err(|_| {
            Error::engine("check the files")(format!("the check did not end within {} s", limit.as_secs()))
        })??;
        let query = LogQuery { follow: false, tail: "all".into(), since: 0, dated: false };
        let lines: Vec<LogLine> = self.engine.logs(container, &query).take(LINES).try_collect().await?;
        Ok(CheckOutput { exit_code, lines: lines.into_iter().map(|line| line.text).collect() })
    }
}
