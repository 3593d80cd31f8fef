//! Errors of finding an engine, with their hints.
//!
//! Never shows a password from an engine's URL.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{ContextSource, DEFAULT_SOCKET, EndpointOrigin};

const SSH_FORWARD: &str = "run the command on the engine's machine, or forward the engine's socket with `ssh -L` and \
                           use `--host unix://PATH --bind ADDRESS`, where ADDRESS is an address \
                           of the engine's machine that is reachable from here";

/// The reason why no engine is found.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// Two flags name an engine.
    #[error("`--host` and `--context` cannot be given together")]
    HostAndContext,
    /// No context has this name.
    #[error("no Docker context is named `{name}` (from {source_of_name})")]
    UnknownContext {
        /// The requested name.
        name: String,
        /// What requested it.
        source_of_name: ContextSource,
        /// The existing names.
        known: Vec<String>,
    },
    /// A context does not name its engine.
    #[error("context `{name}` does not name an engine in `{}`", path.display())]
    ContextWithoutHost {
        /// The context's name.
        name: String,
        /// Its metadata file.
        path: PathBuf,
    },
    /// A configuration file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A configuration file is malformed. The source names line and column.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause, with line and column.
        source: serde_json::Error,
    },
    /// The engine needs a transport that is not supported.
    #[error("`{url}` (from {origin}) needs {transport}, which is not supported")]
    Unsupported {
        /// The engine's URL.
        url: String,
        /// What named it.
        origin: EndpointOrigin,
        /// The transport that it needs.
        transport: Transport,
    },
    /// The engine's URL is malformed.
    #[error("`{url}` (from {origin}) {fault}")]
    Malformed {
        /// The engine's URL.
        url: String,
        /// What named it.
        origin: EndpointOrigin,
        /// What is wrong with it.
        fault: EndpointFault,
    },
}

/// A transport that is not supported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Transport {
    /// `ssh://`.
    #[error("ssh")]
    Ssh,
    /// `https://`.
    #[error("TLS")]
    Https,
    /// TLS, required by the variable of this name.
    #[error("TLS ({0} is set)")]
    TlsVariable(&'static str),
    /// TLS, required by a context.
    #[error("TLS (the context requires it)")]
    TlsContext,
    /// `npipe://`.
    #[error("a Windows named pipe")]
    NamedPipe,
    /// `fd://`.
    #[error("an inherited file descriptor")]
    FileDescriptor,
    /// Any other scheme.
    #[error("the scheme `{0}`")]
    Scheme(String),
}

/// A fault in an engine's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointFault {
    /// The scheme is missing.
    #[error("has no scheme")]
    Scheme,
    /// A user name comes before the host.
    #[error("has a user name, which plain tcp does not support")]
    User,
    /// The host is neither a name nor an address.
    #[error("has no valid host")]
    Host,
    /// The port is not in the range 1 to 65535.
    #[error("has no valid port")]
    Port,
    /// A path follows the port.
    #[error("has a path, which is not supported")]
    Path,
}

impl EndpointError {
    /// Returns whether the command line or the environment is wrong, independent of the existing engines.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::HostAndContext | Self::Malformed { .. })
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::HostAndContext => Some("use only one of them".to_owned()),
            Self::UnknownContext { known, .. } => Some(format!("known contexts: {}", known.join(", "))),
            Self::ContextWithoutHost { .. } => Some("name the engine with `--host`".to_owned()),
            Self::Read { .. } | Self::Parse { .. } => {
                Some("fix the file, or bypass it with `--host` or `DOCKER_HOST`".to_owned())
            }
            Self::Unsupported { url, transport, .. } => Some(match transport {
                Transport::Ssh => ssh_forward(url),
                Transport::TlsVariable(name) => {
                    format!("unset {name} if the engine speaks plain tcp; otherwise {SSH_FORWARD}")
                }
                Transport::Https | Transport::TlsContext => SSH_FORWARD.to_owned(),
                Transport::NamedPipe | Transport::FileDescriptor | Transport::Scheme(_) => {
                    "use `unix://PATH` or `tcp://HOST:PORT`".to_owned()
                }
            }),
            Self::Malformed { url, fault: EndpointFault::Scheme, .. } if url.starts_with('/') => {
                Some(format!("write `unix://{url}`"))
            }
            Self::Malformed { url, fault: EndpointFault::Scheme, .. } => Some(format!("write `tcp://{url}`")),
            Self::Malformed { .. } => {
                Some("write `tcp://HOST:PORT`, for example `tcp://127.0.0.1:2375`".to_owned())
            }
        }
    }
}

fn ssh_forward(url: &str) -> String {
    let target = url.trim_start_matches("ssh://");
    let (login, socket) = match target.find('/').map(|slash| target.split_at(slash)) {
        None | Some((_, "/")) => (target.trim_end_matches('/'), DEFAULT_SOCKET),
        Some(login_and_socket) => login_and_socket,
    };
    let (login, port) = match login.rsplit_once(':') {
        Some((login, port)) if port.parse::<u16>().is_ok() => (login, format!("-p {port} ")),
        _ => (login, String::new()),
    };
    // The command is meant to be pasted, so nothing in it may have a meaning to a shell.
    let is_plain =
        |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "@._/-".contains(letter));
    let login = if is_plain(login) && !login.starts_with('-') { login } else { "USER@HOST" };
    let socket = if is_plain(socket) { socket } else { DEFAULT_SOCKET };
    format!(
        "run the command on that machine, or run `ssh -N -L \"$HOME/docker.sock:{socket}\" {port}{login}` and use \
         `--host \"unix://$HOME/docker.sock\" --bind ADDRESS`, where ADDRESS is an address of that machine \
         that is reachable from here"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_hint_can_be_pasted() {
        for (url, arguments) in [
            ("ssh://me@box", r#""$HOME/docker.sock:/var/run/docker.sock" me@box"#),
            ("ssh://box:2222/", r#""$HOME/docker.sock:/var/run/docker.sock" -p 2222 box"#),
            ("ssh://me@box/run/d.sock", r#""$HOME/docker.sock:/run/d.sock" me@box"#),
            ("ssh://me:***@box", r#""$HOME/docker.sock:/var/run/docker.sock" USER@HOST"#),
            ("ssh://$(reboot)", r#""$HOME/docker.sock:/var/run/docker.sock" USER@HOST"#),
        ] {
            let hint = ssh_forward(url);
            assert!(hint.contains(&format!("run `ssh -N -L {arguments}` and use ")), "{hint}");
            // The hint must not suggest to forward ports: this program never uses a port here for one there.
            assert!(hint.contains("--bind ADDRESS") && !hint.contains("forward the stack's ports"), "{hint}");
        }
    }

    #[test]
    fn hint_adds_a_missing_scheme() {
        let hint = |url: &str| {
            let (url, fault) = (url.to_owned(), EndpointFault::Scheme);
            EndpointError::Malformed { url, origin: EndpointOrigin::HostFlag, fault }.hint().unwrap()
        };
        assert_eq!(hint("/run/x.sock"), "write `unix:///run/x.sock`");
        assert_eq!(hint("box:99"), "write `tcp://box:99`");
    }
}
