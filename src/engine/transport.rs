//! Sends requests to the engine, each with the newest API version that both sides support.
//!
//! This file sets the version, because bollard 0.21.1 loses it (`src/uri.rs`: `join` replaces the whole path)
//! and its next release may send one that the engine refuses. The API deprecates requests without a version.

use std::error::Error as StdError;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bollard::errors::Error as EngineError;
use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker};
use futures_util::TryFutureExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;

use super::clock::Clock;
use super::timeout::Connection;
use crate::docker::credentials::url_safe;
use crate::docker::endpoint::Address;
use crate::error::chain::root_cause;

type Result<T> = std::result::Result<T, EngineError>;

/// The client's own time limit, longer than the limit of any call: each call has its own, in `timeout`.
const ANSWER_SECONDS: u64 = 3600;

/// What the engine reports before the first call.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    /// The newest API version that it supports.
    pub(super) api: ClientVersion,
    /// Its own version, such as `20.10.24`, or empty if the engine does not report it.
    pub(super) version: String,
    /// Its clock.
    pub(super) clock: Clock,
}

/// The headers of an answer.
#[derive(Debug)]
struct Head {
    api: Option<String>,
    server: Option<String>,
    date: Option<SystemTime>,
}

/// Connects to an engine, with the newest API version that both sides support.
pub(super) async fn connect(address: &Address) -> Result<(Connection, Greeting)> {
    let head = Arc::new(OnceLock::new());
    let requested = SystemTime::now();
    let unversioned = client(address, None, Some(head.clone()))?;
    Connection::new(unversioned).with_timeout(Docker::ping).await?;
    let answered = SystemTime::now();
    let Head { api, server, date } = head.get().ok_or_else(|| missing("Api-Version"))?;
    let api = api.as_deref().and_then(parse_version).ok_or_else(|| missing("Api-Version"))?;
    let greeting = Greeting {
        api,
        version: server.as_deref().map(software_version).unwrap_or_default().to_string(),
        clock: date.map_or_else(Clock::default, |date| Clock::of_answer(date, requested, answered)),
    };
    if api <= *API_DEFAULT_VERSION {
        return Ok((Connection::new(client(address, Some(api), None)?), greeting));
    }
    let ours = Connection::new(client(address, Some(*API_DEFAULT_VERSION), None)?);
    // A much newer engine may have dropped our newest version. Its own version is the best choice then.
    match ours.with_timeout(Docker::ping).await {
        Err(EngineError::DockerResponseServerError { status_code: 400, .. }) => {
            Ok((Connection::new(client(address, Some(api), None)?), greeting))
        }
        answer => answer.map(|_| (ours, greeting)),
    }
}

fn client(
    address: &Address,
    version: Option<ClientVersion>,
    first_head: Option<Arc<OnceLock<Head>>>,
) -> Result<Docker> {
    match address {
        // If the folder is not accessible, connecting reports the missing permission.
        Address::Unix(path) if matches!(path.try_exists(), Ok(false)) => {
            Err(EngineError::SocketNotFoundError(path.to_string_lossy().into_owned()))
        }
        Address::Unix(path) => {
            let socket = format!("unix://{}", hex::encode(path.as_os_str().as_bytes()));
            over(UnixConnector, socket, version, first_head)
        }
        Address::Tcp { .. } => {
            let host = address.to_string().replacen("tcp://", "http://", 1);
            over(HttpConnector::new(), host, version, first_head)
        }
    }
}

fn over<C>(
    connector: C,
    address: String,
    version: Option<ClientVersion>,
    first_head: Option<Arc<OnceLock<Head>>>,
) -> Result<Docker>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let authority = address.clone();
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    let send = move |mut request: BollardRequest| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        if let Ok(uri) = format!("{address}{}", versioned(path, version)).parse() {
            *request.uri_mut() = uri;
        }
        // bollard encodes credentials with a base64 alphabet that the engine does not decode.
        if let Some(value) = request.headers_mut().get_mut("x-registry-auth")
            && let Some(safe) = value.to_str().ok().and_then(|text| url_safe(text).parse().ok())
        {
            *value = safe;
        }
        let first_head = first_head.clone();
        client.request(request).map_err(|error| of_cause(&error)).inspect_ok(move |answer| {
            let text = |name: &str| answer.headers().get(name)?.to_str().ok().map(ToString::to_string);
            if let Some(first_head) = first_head {
                let date = text("date").and_then(|date| httpdate::parse_http_date(&date).ok());
                drop(first_head.set(Head { api: text("api-version"), server: text("server"), date }));
            }
        })
    };
    let version = version.unwrap_or(*API_DEFAULT_VERSION);
    Docker::connect_with_custom_transport(send, Some(authority), ANSWER_SECONDS, &version)
}

/// Returns the innermost cause of an error. The outer ones name only the library: `client error (Connect)`.
fn of_cause(error: &(dyn StdError + 'static)) -> EngineError {
    let cause = root_cause(error);
    let err = match cause.downcast_ref::<io::Error>() {
        Some(error) => match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        },
        None => io::Error::other(cause.to_string()),
    };
    EngineError::IOError { err }
}

/// Returns a path with this API version, whether or not bollard added one.
fn versioned(path: &str, version: Option<ClientVersion>) -> String {
    let named = path.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    let bare = named.filter(|(version, _)| parse_version(version).is_some());
    let bare = bare.map_or_else(|| path.to_string(), |(_, rest)| format!("/{rest}"));
    version.map_or_else(|| bare.clone(), |version| format!("/v{version}{bare}"))
}

/// Parses a version such as `1.41`.
pub(super) fn parse_version(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion { major_version: major.parse().ok()?, minor_version: minor.parse().ok()? })
}

/// Returns `20.10.24` from `Docker/20.10.24 (linux)`.
fn software_version(server: &str) -> &str {
    let (_, version) = server.split_once('/').unwrap_or_default();
    version.split(' ').next().unwrap_or_default()
}

fn missing(header: &str) -> EngineError {
    EngineError::HttpHeaderNotFoundError(header.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with a cause, like the errors of hyper's client.
    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Client(#[source] io::Error);

    #[test]
    fn requests_name_only_the_negotiated_version() {
        let version = parse_version("1.41");
        for (path, with, without) in [
            ("/containers/json?all=true", "/v1.41/containers/json?all=true", "/containers/json?all=true"),
            // The same request from a bollard that keeps its own version.
            (
                "/v1.53/containers/json?all=true",
                "/v1.41/containers/json?all=true",
                "/containers/json?all=true",
            ),
            ("/version", "/v1.41/version", "/version"),
            ("/volumes/v1.2", "/v1.41/volumes/v1.2", "/volumes/v1.2"),
            ("/_ping", "/v1.41/_ping", "/_ping"),
        ] {
            assert_eq!((versioned(path, version), versioned(path, None)), (with.into(), without.into()));
        }
    }

    #[tokio::test]
    async fn refused_connection_is_reported_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        // The file stays, without a listener.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        let error = connect(&Address::Unix(socket)).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::IOError { err } if err.kind() == io::ErrorKind::ConnectionRefused)
        );
        assert_eq!(error.to_string(), "Connection refused (os error 111)");
    }

    #[test]
    fn denied_access_keeps_its_kind() {
        let denied = Client(io::Error::from_raw_os_error(13));
        let EngineError::IOError { err } = of_cause(&denied) else { panic!("another variant") };
        assert_eq!(err.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn software_version_is_parsed_from_the_header() {
        assert_eq!(software_version("Docker/20.10.24+dfsg1 (linux)"), "20.10.24+dfsg1");
        assert_eq!(software_version("Libpod/5.8.6 (linux)"), "5.8.6");
        assert_eq!(software_version("nginx"), "");
    }
}
