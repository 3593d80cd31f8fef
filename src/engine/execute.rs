//! Runs commands inside running containers.

use bollard::Docker;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::EngineWriter;
use crate::error::{Error, Result};

impl EngineWriter {
    /// Runs a command inside a running container and returns its exit code and output.
    pub async fn execute(&self, container: &str, command: &[String]) -> Result<(i64, String)> {
        self.run_inside(container, command, None).await
    }

    /// Runs a command inside a running container, with `input` as its whole standard input.
    pub(super) async fn run_inside(
        &self,
        container: &str,
        command: &[String],
        input: Option<&str>,
    ) -> Result<(i64, String)> {
        let action = || format!("run `{}` inside `{container}`", command.first().map_or("", String::as_str));
        let options = CreateExecOptions {
            attach_stdin: input.map(|_| true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let exec = docker.with_timeout(|docker| docker.create_exec(container, options)).await;
        let exec = exec.map_err(Error::engine(action()))?;
        let id = &exec.id;
        let output = async |docker: &Docker| {
            let mut text = String::new();
            if let StartExecResults::Attached { mut output, input: mut pipe } =
                docker.start_exec(id, None).await?
            {
                if let Some(input) = input {
                    // A command that cannot be run reads nothing, and its output has the reason.
                    let written = pipe.write_all(input.as_bytes()).await;
                    drop(written.and(pipe.shutdown().await));
                }
                while let Some(chunk) = output.next().await {
                    text.push_str(&chunk?.to_string());
                }
            }
            Ok(text)
        };
        let text = self.work(output).await.map_err(Error::engine(action()))?;
        let ended =
            docker.with_timeout(|docker| docker.inspect_exec(id)).await.map_err(Error::engine(action()))?;
        Ok((ended.exit_code.unwrap_or_default(), text))
    }
}
