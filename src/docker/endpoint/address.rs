//! Parses and prints the address of an engine.
//!
//! Never resolves a name or opens a connection.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use super::error::{EndpointError, EndpointFault, Transport};
use super::{DEFAULT_SOCKET, Endpoint, EndpointOrigin};

const DEFAULT_PORT: u16 = 2375;

/// The address on which an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// Plain HTTP over TCP.
    Tcp {
        /// A host name or an address. An IPv6 address has no brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "tcp://{host}:{port}"),
        }
    }
}

/// Parses a URL. `tls` is the reason why an engine on TCP expects TLS, if there is one.
pub(super) fn parse(
    url: &str,
    origin: EndpointOrigin,
    tls: Option<Transport>,
) -> Result<Endpoint, EndpointError> {
    let url = url.trim();
    let shown = without_password(url);
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(EndpointError::Malformed { url: shown, origin, fault: EndpointFault::Scheme });
    };
    let transport = match scheme {
        "unix" => {
            let path = if rest.is_empty() { DEFAULT_SOCKET } else { rest };
            return Ok(Endpoint { address: Address::Unix(path.into()), origin });
        }
        "tcp" | "http" => match (parse_tcp(rest), tls) {
            (Err(fault), _) => return Err(EndpointError::Malformed { url: shown, origin, fault }),
            (Ok(address), None) => return Ok(Endpoint { address, origin }),
            (Ok(_), Some(transport)) => transport,
        },
        "ssh" => Transport::Ssh,
        "https" => Transport::Https,
        "npipe" => Transport::NamedPipe,
        "fd" => Transport::FileDescriptor,
        other => Transport::Scheme(other.to_owned()),
    };
    Err(EndpointError::Unsupported { url: shown, origin, transport })
}

fn parse_tcp(rest: &str) -> Result<Address, EndpointFault> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(EndpointFault::User);
    }
    if !path.is_empty() {
        return Err(EndpointFault::Path);
    }
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, port) = bracketed.split_once(']').ok_or(EndpointFault::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| EndpointFault::Host)?;
        (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(EndpointFault::Port)?) })
    } else {
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_valid = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if !host.chars().all(is_valid) {
            return Err(EndpointFault::Host);
        }
        (if host.is_empty() { "localhost" } else { host }, port)
    };
    let port = match port.map(str::parse) {
        None => DEFAULT_PORT,
        Some(Ok(0) | Err(_)) => return Err(EndpointFault::Port),
        Some(Ok(port)) => port,
    };
    Ok(Address::Tcp { host: host.to_owned(), port })
}

fn without_password(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        let (user, _password) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}"))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supported_urls_are_parsed_and_printed() {
        for (text, url) in [
            ("unix:///run/x.sock", "unix:///run/x.sock"),
            ("unix://", "unix:///var/run/docker.sock"),
            ("tcp://10.0.0.7:99", "tcp://10.0.0.7:99"),
            ("tcp://box", "tcp://box:2375"),
            ("tcp://box/", "tcp://box:2375"),
            ("http://127.0.0.9:1", "tcp://127.0.0.9:1"),
            ("tcp://", "tcp://localhost:2375"),
            ("tcp://:99", "tcp://localhost:99"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
            ("tcp://[::ffff:127.0.0.1]:99", "tcp://[::ffff:127.0.0.1]:99"),
            ("tcp://[2001:db8::1]:99", "tcp://[2001:db8::1]:99"),
            (" tcp://box:1 ", "tcp://box:1"),
        ] {
            let endpoint = parse(text, EndpointOrigin::HostFlag, None).unwrap();
            assert_eq!(endpoint.to_string(), url, "{text}");
        }
    }

    #[test]
    fn malformed_urls_report_their_fault() {
        for (text, expected) in [
            ("/run/x.sock", EndpointFault::Scheme),
            ("box:2375", EndpointFault::Scheme),
            ("tcp://me:secret@box", EndpointFault::User),
            ("tcp://a b", EndpointFault::Host),
            ("tcp://[box]", EndpointFault::Host),
            ("tcp://[::1", EndpointFault::Host),
            ("tcp://[::1]99", EndpointFault::Port),
            ("tcp://::1", EndpointFault::Port),
            ("tcp://box:", EndpointFault::Port),
            ("tcp://box:0", EndpointFault::Port),
            ("tcp://box:65536", EndpointFault::Port),
            ("tcp://box:1/v1.41", EndpointFault::Path),
        ] {
            let error = parse(text, EndpointOrigin::HostFlag, None).unwrap_err();
            assert!(matches!(error, EndpointError::Malformed { fault, .. } if fault == expected), "{error}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn unsupported_urls_report_their_transport() {
        for (text, expected) in [
            ("ssh://me@box", "ssh"),
            ("https://box", "TLS"),
            ("npipe:////./pipe/docker_engine", "a Windows named pipe"),
            ("fd://", "an inherited file descriptor"),
            ("TCP://box", "the scheme `TCP`"),
        ] {
            let error = parse(text, EndpointOrigin::HostVariable, None).unwrap_err();
            let expected = format!("`{text}` (from DOCKER_HOST) needs {expected}, which is not supported");
            assert_eq!(error.to_string(), expected);
            assert!(error.hint().is_some());
        }
    }
}
