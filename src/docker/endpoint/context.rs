//! Reads the contexts of the `docker` command.
//!
//! Never writes, and never reads the contents of TLS key files.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::error::{EndpointError, Transport};
use super::{ContextSource, DEFAULT_CONTEXT, Endpoint, EndpointOrigin, address};

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    name: String,
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// Returns the current context of Docker's configuration file.
pub(super) fn current(config_dir: Option<&Path>) -> Result<Option<(String, ContextSource)>, EndpointError> {
    let Some(path) = config_dir.map(|config_dir| config_dir.join("config.json")) else { return Ok(None) };
    let config: Option<Config> = read(&path)?;
    let name = config.and_then(|config| config.current_context).filter(|name| !name.is_empty());
    Ok(name.map(|name| (name, ContextSource::File(path))))
}

/// Finds the engine of a context.
pub(super) fn endpoint(
    name: String,
    source: ContextSource,
    config_dir: Option<&Path>,
) -> Result<Endpoint, EndpointError> {
    let unknown = |name, source_of_name| {
        let known = known_contexts(config_dir);
        Err(EndpointError::UnknownContext { name, source_of_name, known })
    };
    let Some(contexts) = config_dir.map(|config_dir| config_dir.join("contexts")) else {
        return unknown(name, source);
    };
    let folder = folder(&name);
    let path = contexts.join("meta").join(&folder).join("meta.json");
    let Some(context) = read::<Context>(&path)? else { return unknown(name, source) };
    let (host, skip_tls_verify) = match context.endpoints.docker {
        Some(DockerEndpoint { host: Some(host), skip_tls_verify }) if !host.is_empty() => {
            (host, skip_tls_verify)
        }
        _ => return Err(EndpointError::ContextWithoutHost { name, path }),
    };
    // Docker uses TLS without verification if a context skips the verification and has no key files.
    let keys = contexts.join("tls").join(&folder).join("docker");
    let is_tls =
        skip_tls_verify || ["ca.pem", "cert.pem", "key.pem"].iter().any(|key| keys.join(key).exists());
    address::parse(&host, EndpointOrigin::Context { name, source }, is_tls.then_some(Transport::TlsContext))
}

/// Returns the folder in which Docker stores a context: the SHA-256 of its name.
pub(super) fn folder(name: &str) -> String {
    hex::encode(Sha256::digest(name))
}

fn known_contexts(config_dir: Option<&Path>) -> Vec<String> {
    let folders = config_dir.and_then(|config_dir| fs::read_dir(config_dir.join("contexts/meta")).ok());
    let mut known: Vec<_> = folders
        .into_iter()
        .flatten()
        .flatten()
        // A folder that cannot be read only shortens a hint.
        .filter_map(|folder| read::<Context>(&folder.path().join("meta.json")).ok().flatten())
        .map(|context| context.name)
        .chain([DEFAULT_CONTEXT.to_owned()])
        .collect();
    known.sort();
    known
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EndpointError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| EndpointError::Parse { path: path.to_owned(), source }),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(EndpointError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn context_folder_is_the_one_docker_uses() {
        let expected = "ca3704aa0b06f5954c79ee837faa152d84d6b2d42838f0637a15eda8337dbdce";
        assert_eq!(super::folder("nope"), expected);
    }
}
