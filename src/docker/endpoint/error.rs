//! Says why no engine is found, and the way out.
//!
//! Never shows a password that stands in an engine's URL.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{ContextSource, DEFAULT_SOCKET, EndpointOrigin};

const SSH_FORWARD: &str = "run the command on the engine's machine, or forward the engine's socket with `ssh -L` and \
                           use `--host unix://PATH --bind ADDRESS`, where ADDRESS is one of the engine's machine that \
                           is reachable from here";

/// Why no engine is found.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// Two flags name an engine.
    #[error("`--host` and `--context` cannot be given together")]
    HostAndContext,
    /// No context has this name.
    #[error("no Docker context is named \"{name}\" (asked for by {source_of_name})")]
    UnknownContext {
        /// The name asked for.
        name: String,
        /// What asked for it.
        source_of_name: ContextSource,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A context says nothing about its engine.
    #[error("context \"{name}\" names no engine in `{}`", path.display())]
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
        /// The reason.
        source: io::Error,
    },
    /// A configuration file is not what Docker writes; the source tells the line and the column.
    #[error("cannot parse `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The reason and the place.
        source: serde_json::Error,
    },
    /// The engine is reached in a way that is not offered here.
    #[error("`{url}` (from {origin}) needs {transport}, which is not supported")]
    Unsupported {
        /// The engine's URL.
        url: String,
        /// What named it.
        origin: EndpointOrigin,
        /// What it needs.
        transport: Transport,
    },
    /// The engine's URL cannot be understood.
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

/// A way to an engine that is not offered here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Transport {
    /// `ssh://`.
    #[error("ssh")]
    Ssh,
    /// `https://`.
    #[error("TLS")]
    Https,
    /// TLS switched on by the variable of this name.
    #[error("TLS ({0} is set)")]
    TlsVariable(&'static str),
    /// TLS switched on by a context.
    #[error("TLS (the context asks for it)")]
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

/// What is wrong with an engine's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointFault {
    /// Nothing stands before `://`.
    #[error("has no scheme")]
    Scheme,
    /// A user stands before the host.
    #[error("has a user name, which plain tcp cannot carry")]
    User,
    /// The host is neither a name nor an address.
    #[error("has no valid host")]
    Host,
    /// The port is not in 1 to 65535.
    #[error("has no valid port")]
    Port,
    /// Something follows the port.
    #[error("has a path, which is not supported")]
    Path,
}

impl EndpointError {
    /// Returns whether the command line or the environment makes no sense, whatever engines there are.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::HostAndContext | Self::Malformed { .. })
    }

    /// Says what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::HostAndContext => Some("give only one of them".to_owned()),
            Self::UnknownContext { known, .. } => Some(format!("known contexts: {}", known.join(", "))),
            Self::ContextWithoutHost { .. } => Some("name the engine with `--host`".to_owned()),
            Self::Read { .. } | Self::Parse { .. } => {
                Some("repair the file, or pass by it with `--host` or `DOCKER_HOST`".to_owned())
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
            Self::Malformed { .. } => Some("write `tcp://HOST:PORT`, e.g. `tcp://127.0.0.1:2375`".to_owned()),
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
    // The command is there to be pasted, so nothing in it may mean something to a shell.
    let is_plain =
        |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "@._/-".contains(letter));
    let login = if is_plain(login) && !login.starts_with('-') { login } else { "USER@HOST" };
    let socket = if is_plain(socket) { socket } else { DEFAULT_SOCKET };
    format!(
        "run the command on that machine, or run `ssh -N -L \"$HOME/docker.sock:{socket}\" {port}{login}` and use \
         `--host \"unix://$HOME/docker.sock\" --bind ADDRESS`, where ADDRESS is one of that machine that is reachable \
         from here"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ssh_hint_can_be_pasted() {
        for (url, arguments) in [
            ("ssh://me@box", r#""$HOME/docker.sock:/var/run/docker.sock" me@box"#),
            ("ssh://box:2222/", r#""$HOME/docker.sock:/var/run/docker.sock" -p 2222 box"#),
            ("ssh://me@box/run/d.sock", r#""$HOME/docker.sock:/run/d.sock" me@box"#),
            ("ssh://me:***@box", r#""$HOME/docker.sock:/var/run/docker.sock" USER@HOST"#),
            ("ssh://$(reboot)", r#""$HOME/docker.sock:/var/run/docker.sock" USER@HOST"#),
        ] {
            let hint = ssh_forward(url);
            assert!(hint.contains(&format!("run `ssh -N -L {arguments}` and use ")), "{hint}");
            // The ports of another machine are never looked for on this one.
            assert!(hint.contains("--bind ADDRESS") && !hint.contains("forward the stack's ports"), "{hint}");
        }
    }

    #[test]
    fn a_missing_scheme_is_filled_in_by_the_hint() {
        let hint = |url: &str| {
            let (url, fault) = (url.to_owned(), EndpointFault::Scheme);
            EndpointError::Malformed { url, origin: EndpointOrigin::HostFlag, fault }.hint().unwrap()
        };
        assert_eq!(hint("/run/x.sock"), "write `unix:///run/x.sock`");
        assert_eq!(hint("box:99"), "write `tcp://box:99`");
    }
}
