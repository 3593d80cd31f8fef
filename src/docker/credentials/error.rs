//! Says why it is not known whether there are credentials, and the way out.
//!
//! Never holds a secret.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use docker_credential::CredentialRetrievalError;
use thiserror::Error;

use super::{HUB, keys};

/// Why it is not known whether there are credentials.
#[derive(Debug, Error)]
pub enum RegistryAuthError {
    /// Docker's configuration cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Docker's configuration is not what Docker writes; the source tells the line and the column.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The reason and the place.
        source: serde_json::Error,
    },
    /// The entry for a registry cannot be understood.
    #[error("the entry for {registry} in `{}` is broken", path.display())]
    Entry {
        /// The registry.
        registry: String,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: CredentialRetrievalError,
    },
    /// Some entry has another shape than Docker gives it.
    #[error("an entry under `auths` in `{}` is not what Docker writes", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
    },
    /// A helper cannot be started, or does not listen.
    #[error("cannot run the credential helper `{helper}` for {registry}")]
    HelperUnavailable {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
    },
    /// A helper ended with an error.
    #[error("the credential helper `{helper}` failed for {registry}: {message}")]
    HelperFailed {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
        /// The first line that it printed.
        message: String,
    },
    /// A helper's answer cannot be understood.
    #[error("the credential helper `{helper}` gave no valid answer for {registry}")]
    HelperAnswer {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
    },
    /// A helper does not answer.
    #[error("the credential helper `{helper}` gave no answer for {registry} in {} seconds", limit.as_secs())]
    HelperTimeout {
        /// The registry.
        registry: String,
        /// The helper's program.
        helper: String,
        /// The time it had.
        limit: Duration,
    },
}

impl RegistryAuthError {
    /// Says what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } | Self::Parse { .. } | Self::Shape { .. } => {
                "repair the file, or name another directory with `DOCKER_CONFIG`".to_owned()
            }
            Self::Entry { registry, .. } if registry == HUB => "log in again: `docker login`".to_owned(),
            Self::Entry { registry, .. } => format!("log in again: `docker login {registry}`"),
            Self::HelperUnavailable { helper, .. } => {
                format!("put `{helper}` on the PATH, or take it out of Docker's `config.json`")
            }
            Self::HelperFailed { registry, helper, .. }
            | Self::HelperAnswer { registry, helper }
            | Self::HelperTimeout { registry, helper, .. } => {
                format!("try it by hand: `echo {} | {helper} get`", keys(registry)[0])
            }
        })
    }
}
