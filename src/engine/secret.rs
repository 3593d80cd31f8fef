//! Hands secrets to containers: into a file, or to the input of a command. The engine shows neither to anybody.
//!
//! Never puts a secret into an argument, a variable or a label, all of which the engine keeps and shows.

use bollard::body_full;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use super::silence::quickly;
use super::{Operator, archive};
use crate::error::{Error, Result};
use crate::settings::Secret;
use crate::stack::PasswordFile;

impl Operator {
    /// Puts a password into its file in a container's volume.
    pub async fn deliver(&self, container: &str, file: PasswordFile, secret: &Secret) -> Result<()> {
        let doing = || format!("put the password into `{}` of `{container}`", file.folder);
        let packed = archive::pack_secret(file.name, secret.reveal()).map_err(Error::engine(doing()))?;
        let options = UploadToContainerOptionsBuilder::new().path(file.folder).build();
        let body = body_full(packed.into());
        let upload = self.engine.docker.upload_to_container(container, Some(options), body);
        self.work(upload).await.map_err(Error::engine(doing()))
    }

    /// Runs a command inside a running container, gives it a secret as its only line of input, and returns its
    /// exit code and output.
    pub async fn execute_with(
        &self,
        container: &str,
        command: &[&str],
        secret: &Secret,
    ) -> Result<(i64, String)> {
        let doing = || format!("run `{}` inside `{container}`", command.first().unwrap_or(&""));
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.iter().map(ToString::to_string).collect()),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let exec = quickly(docker.create_exec(container, options)).await.map_err(Error::engine(doing()))?;
        let output = async {
            let mut text = String::new();
            if let StartExecResults::Attached { mut output, mut input } =
                docker.start_exec(&exec.id, None).await?
            {
                let line = format!("{}\n", secret.reveal());
                // A command that cannot be run reads nothing, and its output says why.
                let written = input.write_all(line.as_bytes()).await;
                drop(written.and(input.shutdown().await));
                while let Some(chunk) = output.next().await {
                    text.push_str(&chunk?.to_string());
                }
            }
            Ok(text)
        };
        let text = self.work(output).await.map_err(Error::engine(doing()))?;
        let ended = quickly(docker.inspect_exec(&exec.id)).await.map_err(Error::engine(doing()))?;
        // It has no reason to repeat its input; an image that does so all the same is not passed on.
        Ok((ended.exit_code.unwrap_or_default(), text.replace(secret.reveal(), "***")))
    }
}
