//! Errors of looking up registry credentials, with their hints.
//!
//! Never holds a secret.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::CredentialRetrievalError;
use thiserror::Error;

use super::{HUB, keys};

/// The reason why it is unknown whether there are credentials.
#[derive(Debug, Error)]
pub enum RegistryAuthError {
    /// Docker's configuration cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Docker's configuration is malformed. The source names line and column.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// The entry for a registry is malformed.
    #[error("the entry for {registry} in `{}` is malformed", path.display())]
    Entry {
        /// The registry.
        registry: String,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: CredentialRetrievalError,
    },
    /// An entry does not have the structure that Docker writes.
    #[error("an entry under `auths` in `{}` has an unexpected structure", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
    },
    /// A helper cannot be started, or does not read its input.
    #[error("cannot run the credential helper `{helper}` for {registry}")]
    HelperUnavailable {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
    },
    /// A helper exited with an error.
    #[error("the credential helper `{helper}` failed for {registry}: {message}")]
    HelperFailed {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
        /// The first line of its output.
        message: String,
    },
    /// A helper's answer is malformed.
    #[error("the credential helper `{helper}` gave an invalid answer for {registry}")]
    HelperAnswer {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
    },
    /// A helper did not answer in time.
    #[error("the credential helper `{helper}` did not answer for {registry} within {} s", limit.as_secs())]
    HelperTimeout {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
        /// The time limit.
        limit: Duration,
    },
}

impl RegistryAuthError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } | Self::Parse { .. } | Self::Shape { .. } => {
                "fix the file, or use another directory: `DOCKER_CONFIG=DIRECTORY`".to_owned()
            }
            Self::Entry { registry, .. } if registry == HUB => "log in again: `docker login`".to_owned(),
            Self::Entry { registry, .. } => format!("log in again: `docker login {registry}`"),
            Self::HelperUnavailable { helper, .. } => {
                format!("put `{helper}` on the PATH, or remove it from Docker's `config.json`")
            }
            Self::HelperFailed { registry, helper, .. }
            | Self::HelperAnswer { registry, helper }
            | Self::HelperTimeout { registry, helper, .. } => {
                format!("run the helper manually: `echo {} | {helper} get`", keys(registry)[0])
            }
        })
    }
}
