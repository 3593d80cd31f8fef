//! Hands secrets to containers: into a file, or to the input of a command. The engine shows neither to anybody.
//!
//! Never puts a secret into an argument, a variable or a label, all of which the engine keeps and shows.

use super::{EngineWriter, archive};
use crate::config::settings::Secret;
use crate::error::{Error, Result};
use crate::model::stack::PasswordFile;

impl EngineWriter {
    /// Puts a password into its file in a container's volume.
    pub async fn deliver(&self, container: &str, file: PasswordFile, secret: &Secret) -> Result<()> {
        let doing = || format!("put the password into `{}` of `{container}`", file.folder);
        let packed = archive::pack_secret(file.name, secret.reveal()).map_err(Error::engine(doing()))?;
        self.unpack(container, file.folder, packed).await.map_err(Error::engine(doing()))
    }

    /// Runs a command inside a running container, gives it a secret as its only line of input, and returns its
    /// exit code and output.
    pub async fn execute_with(
        &self,
        container: &str,
        command: &[&str],
        secret: &Secret,
    ) -> Result<(i64, String)> {
        let command: Vec<String> = command.iter().map(ToString::to_string).collect();
        let line = format!("{}\n", secret.reveal());
        let (code, output) = self.run_inside(container, &command, Some(&line)).await?;
        // It has no reason to repeat its input; an image that does so all the same is not passed on.
        Ok((code, output.replace(secret.reveal(), "***")))
    }
}
