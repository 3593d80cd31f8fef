//! Passes secrets to containers: in a file, or on the standard input of a command. The engine reveals neither.
//!
//! Never puts a secret into an argument, a variable or a label: the engine stores and reveals all of them.

use super::{EngineWriter, archive};
use crate::config::settings::Secret;
use crate::error::{Error, Result};
use crate::model::stack::PasswordFile;

impl EngineWriter {
    /// Writes a password to its file in a container's volume.
    pub async fn deliver(&self, container: &str, file: PasswordFile, secret: &Secret) -> Result<()> {
        let action = || format!("put the password into `{}` of `{container}`", file.folder);
        let packed = archive::pack_secret(file.name, secret.reveal()).map_err(Error::engine(action()))?;
        self.unpack(container, file.folder, packed).await.map_err(Error::engine(action()))
    }

    /// Runs a command inside a running container with a secret as its only line of input. Returns its exit
    /// code and output.
    pub async fn execute_with(
        &self,
        container: &str,
        command: &[&str],
        secret: &Secret,
    ) -> Result<(i64, String)> {
        let command: Vec<String> = command.iter().map(ToString::to_string).collect();
        let line = format!("{}\n", secret.reveal());
        let (code, output) = self.run_inside(container, &command, Some(&line)).await?;
        // A command has no reason to repeat its input. If an image's does, the secret is masked.
        Ok((code, output.replace(secret.reveal(), "***")))
    }
}
