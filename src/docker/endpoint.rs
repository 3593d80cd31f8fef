//! Finds the engine to use, by the rules of the `docker` command.
//!
//! Never connects, never reads the process environment, and reads only Docker's configuration directory.

mod address;
mod context;
mod error;
mod locality;

use std::fmt;
use std::path::{Path, PathBuf};

pub use address::Address;
pub use error::{EndpointError, EndpointFault, Transport};
pub use locality::{Elsewhere, Listener, Locality, Machine};

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
const DEFAULT_CONTEXT: &str = "default";

/// The engine that the command line names. An empty text counts as not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The value of `--host`.
    pub host: Option<&'a str>,
    /// The value of `--context`.
    pub context: Option<&'a str>,
    /// The variable or the line of the settings file that the value comes from, if it is not a flag.
    pub place: Option<&'a str>,
}

/// The address of an engine, with what named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where the engine listens.
    pub address: Address,
    /// What named this engine.
    pub origin: EndpointOrigin,
}

/// What named the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointOrigin {
    /// The flag `--host`.
    HostFlag,
    /// The variable of the flag, or a line of the settings file.
    Setting(String),
    /// The variable `DOCKER_HOST`.
    HostVariable,
    /// A context of the `docker` command.
    Context {
        /// The context's name.
        name: String,
        /// What named the context.
        source: ContextSource,
    },
    /// Nothing: the default applies.
    Default,
}

/// What named a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextSource {
    /// The flag `--context`.
    Flag,
    /// The variable of the flag, or a line of the settings file.
    Setting(String),
    /// The variable `DOCKER_CONTEXT`.
    Variable,
    /// `currentContext` in this file.
    File(PathBuf),
}

/// Finds the engine that the flags, the environment or Docker's configuration name.
///
/// The order is: `--host`, `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context, the default
/// socket.
pub fn find(
    requested: Asked<'_>,
    variable: impl Fn(&str) -> Option<String>,
    config_dir: Option<&Path>,
) -> Result<Endpoint, EndpointError> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let host = requested.host.filter(|host| !host.is_empty());
    let context = requested.context.filter(|context| !context.is_empty());
    let named = match (host, context) {
        (Some(_), Some(_)) => return Err(EndpointError::HostAndContext),
        (Some(host), None) => {
            let origin = requested
                .place
                .map_or(EndpointOrigin::HostFlag, |place| EndpointOrigin::Setting(place.into()));
            return address::parse(host, origin, tls_variable(variable));
        }
        (None, Some(name)) => {
            let source =
                requested.place.map_or(ContextSource::Flag, |place| ContextSource::Setting(place.into()));
            Some((name.to_owned(), source))
        }
        (None, None) if variable("DOCKER_HOST").is_some() => None,
        (None, None) => match variable("DOCKER_CONTEXT") {
            Some(name) => Some((name, ContextSource::Variable)),
            None => context::current(config_dir)?,
        },
    };
    match (named, variable("DOCKER_HOST")) {
        (Some((name, source)), _) if name != DEFAULT_CONTEXT => context::endpoint(name, source, config_dir),
        (_, Some(host)) => address::parse(&host, EndpointOrigin::HostVariable, tls_variable(variable)),
        (_, None) => {
            Ok(Endpoint { address: Address::Unix(DEFAULT_SOCKET.into()), origin: EndpointOrigin::Default })
        }
    }
}

/// Returns Docker's configuration directory: `DOCKER_CONFIG`, or `.docker` in `HOME`.
pub fn config_dir(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(formatter)
    }
}

impl fmt::Display for EndpointOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostFlag => formatter.write_str("--host"),
            Self::Setting(place) => formatter.write_str(place),
            Self::HostVariable => formatter.write_str("DOCKER_HOST"),
            Self::Context { name, source } => write!(formatter, "context `{name}` ({source})"),
            Self::Default => formatter.write_str("default"),
        }
    }
}

impl fmt::Display for ContextSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("--context"),
            Self::Setting(place) => formatter.write_str(place),
            Self::Variable => formatter.write_str("DOCKER_CONTEXT"),
            Self::File(path) => write!(formatter, "currentContext in `{}`", path.display()),
        }
    }
}

fn tls_variable(variable: impl Fn(&str) -> Option<String>) -> Option<Transport> {
    let name = ["DOCKER_TLS_VERIFY", "DOCKER_TLS"].into_iter().find(|name| variable(name).is_some())?;
    Some(Transport::TlsVariable(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// Returns a Docker configuration directory with these files.
    fn docker_config(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn add_context(folder: &TempDir, name: &str, endpoints: &str) -> String {
        let hash = super::context::folder(name);
        let meta = folder.path().join("contexts/meta").join(&hash);
        fs::create_dir_all(&meta).unwrap();
        let text = format!(r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{endpoints}}}"#);
        fs::write(meta.join("meta.json"), text).unwrap();
        hash
    }

    fn find_in(
        folder: &TempDir,
        requested: Asked<'_>,
        variables: &[(&str, &str)],
    ) -> Result<Endpoint, EndpointError> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        find(requested, variable, Some(folder.path()))
    }

    fn host(host: &str) -> Asked<'_> {
        Asked { host: Some(host), ..NOTHING }
    }

    fn context(name: &str) -> Asked<'_> {
        Asked { context: Some(name), ..NOTHING }
    }

    const NOTHING: Asked<'_> = Asked { host: None, context: None, place: None };

    #[test]
    fn engine_is_found_in_the_order_of_docker() {
        let folder = docker_config(&[("config.json", r#"{"currentContext":"file"}"#)]);
        for name in ["flag", "variable", "file"] {
            add_context(&folder, name, &format!(r#"{{"docker":{{"Host":"unix:///{name}"}}}}"#));
        }
        let file = format!("context `file` (currentContext in `{}/config.json`)", folder.path().display());
        let both = [("DOCKER_HOST", "unix:///env"), ("DOCKER_CONTEXT", "variable")];
        let default_context = [("DOCKER_CONTEXT", "default")];
        let empty = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "")];
        let check = |requested, variables: &[(&str, &str)], url: &str, origin: &str| {
            let endpoint = find_in(&folder, requested, variables).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.origin.to_string().as_str()), (url, origin));
        };
        check(host("unix:///host"), &both, "unix:///host", "--host");
        check(context("flag"), &both, "unix:///flag", "context `flag` (--context)");
        check(context("default"), &both, "unix:///env", "DOCKER_HOST");
        check(context("default"), &both[1..], "unix:///var/run/docker.sock", "default");
        check(NOTHING, &both, "unix:///env", "DOCKER_HOST");
        check(NOTHING, &both[1..], "unix:///variable", "context `variable` (DOCKER_CONTEXT)");
        check(NOTHING, &default_context, "unix:///var/run/docker.sock", "default");
        check(NOTHING, &empty, "unix:///file", &file);
        check(host(""), &[], "unix:///file", &file);
    }

    #[test]
    fn missing_configuration_gives_the_default_socket() {
        let endpoint = find(NOTHING, |_| None, None).unwrap();
        assert_eq!(endpoint.address, Address::Unix(DEFAULT_SOCKET.into()));
        assert_eq!(find_in(&docker_config(&[]), NOTHING, &[]).unwrap(), endpoint);
        assert_eq!(
            find_in(&docker_config(&[("config.json", r#"{"auths":{}}"#)]), NOTHING, &[]).unwrap(),
            endpoint
        );
    }

    #[test]
    fn host_and_context_flags_conflict() {
        let requested = Asked { host: Some("unix:///x"), context: Some("default"), place: None };
        assert!(matches!(find(requested, |_| None, None), Err(EndpointError::HostAndContext)));
    }

    #[test]
    fn unknown_context_error_names_source_and_known_contexts() {
        let folder = docker_config(&[("contexts/meta/junk/meta.json", "{")]);
        add_context(&folder, "work", r#"{"docker":{"Host":"unix:///work"}}"#);
        let error = find_in(&folder, NOTHING, &[("DOCKER_CONTEXT", "../nope")]).unwrap_err();
        assert_eq!(error.to_string(), "no Docker context is named `../nope` (from DOCKER_CONTEXT)");
        assert_eq!(error.hint().unwrap(), "known contexts: default, work");
        let error = find(context("x"), |_| None, None).unwrap_err();
        assert_eq!(error.to_string(), "no Docker context is named `x` (from --context)");
        let folder = docker_config(&[("config.json", r#"{"currentContext":"gone"}"#)]);
        let error = find_in(&folder, NOTHING, &[]).unwrap_err();
        let file = folder.path().join("config.json");
        let expected = format!("(from currentContext in `{}`)", file.display());
        assert!(error.to_string().ends_with(&expected), "{error}");
    }

    #[test]
    fn malformed_file_error_has_line_and_column() {
        let folder = docker_config(&[("config.json", "{\n  \"currentContext\": oops\n}")]);
        let error = find_in(&folder, NOTHING, &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot parse `{}`", folder.path().join("config.json").display())
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "expected value at line 2 column 21");
        assert!(find_in(&folder, host("unix:///x"), &[]).is_ok());
        assert!(find_in(&folder, NOTHING, &[("DOCKER_HOST", "unix:///x")]).is_ok());
    }

    #[test]
    fn context_without_an_engine_is_refused() {
        let folder = docker_config(&[]);
        for endpoints in ["{}", r#"{"docker":{}}"#, r#"{"docker":{"Host":""}}"#] {
            add_context(&folder, "bare", endpoints);
            let error = find_in(&folder, context("bare"), &[]).unwrap_err();
            assert!(matches!(error, EndpointError::ContextWithoutHost { .. }), "{error}");
        }
    }

    #[test]
    fn tls_is_refused_on_tcp_only() {
        let verify = [("DOCKER_TLS_VERIFY", "1")];
        let folder = docker_config(&[]);
        let error = find_in(&folder, host("tcp://far:2376"), &verify).unwrap_err();
        let expected =
            "`tcp://far:2376` (from --host) needs TLS (DOCKER_TLS_VERIFY is set), which is not supported";
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().unwrap().starts_with("unset DOCKER_TLS_VERIFY if "));
        assert!(find_in(&folder, NOTHING, &verify).is_ok());
        assert!(find_in(&folder, host("tcp://far"), &[("DOCKER_TLS_VERIFY", "")]).is_ok());

        let plain = r#"{"docker":{"Host":"tcp://far:2375"}}"#;
        let hash = add_context(&folder, "far", plain);
        assert!(find_in(&folder, context("far"), &verify).is_ok());
        let keys = folder.path().join("contexts/tls").join(hash).join("docker");
        fs::create_dir_all(&keys).unwrap();
        assert!(find_in(&folder, context("far"), &[]).is_ok());
        fs::write(keys.join("ca.pem"), "").unwrap();
        add_context(&folder, "skip", r#"{"docker":{"Host":"tcp://far:2375","SkipTLSVerify":true}}"#);
        for name in ["far", "skip"] {
            let error = find_in(&folder, context(name), &[]).unwrap_err();
            let is_tls = matches!(error, EndpointError::Unsupported { transport: Transport::TlsContext, .. });
            assert!(is_tls, "{error}");
        }
    }

    #[test]
    fn configuration_directory_follows_the_environment() {
        let with = |set: &'static [(&str, &str)]| {
            config_dir(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("DOCKER_CONFIG", "/x"), ("HOME", "/home/me")]), Some("/x".into()));
        assert_eq!(with(&[("DOCKER_CONFIG", ""), ("HOME", "/home/me")]), Some("/home/me/.docker".into()));
        assert_eq!(with(&[]), None);
    }
}
