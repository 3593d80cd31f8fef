//! The answer of an address, parsed from the output of `wget`.
//!
//! The phrases are those of `BusyBox` `wget`, which the images of Prometheus and Alertmanager contain.

use std::net::{IpAddr, SocketAddr};

/// The answer of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// An HTTP response.
    Http {
        /// The status code.
        status: u16,
        /// The Content-Type, if there is one.
        content_type: Option<String>,
    },
    /// The connection is refused: nothing listens there.
    Refused,
    /// No answer within the timeout.
    Silent,
    /// A router or firewall reports that the address is unreachable.
    NoWay,
    /// The name does not resolve.
    NoSuchName,
    /// The probe failed, or its output is not understood.
    Unclear(String),
}

/// The answer of an address to a request from a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromInside {
    /// The address that the name resolves to inside the container, if `wget` printed it.
    pub address: Option<IpAddr>,
    /// The answer.
    pub answer: ProbeAnswer,
}

impl ProbeAnswer {
    /// Returns whether a firewall drops the packets: without one, the host refuses or answers.
    pub fn is_dropped(&self) -> bool {
        matches!(self, Self::Silent | Self::NoWay)
    }

    /// Returns whether the answer is HTTP.
    pub fn is_http(&self) -> bool {
        matches!(self, Self::Http { .. })
    }
}

/// Parses exit code and output of `wget -S` inside a container.
pub fn from_wget(exit_code: i64, output: &str) -> FromInside {
    let address = output.lines().find_map(connecting_to);
    let says = |words: &[&str]| words.iter().any(|words| output.contains(words));
    let answer = match exit_code {
        126 | 127 => ProbeAnswer::Unclear("the image has no `wget`".into()),
        // `wget` follows redirects, so the last response counts.
        _ => match http(output) {
            Some(answer) => answer,
            None if says(&["bad address", "unable to resolve"]) => ProbeAnswer::NoSuchName,
            None if says(&["Connection refused"]) => ProbeAnswer::Refused,
            None if says(&["timed out"]) => ProbeAnswer::Silent,
            None if says(&["No route to host", "Host is unreachable", "Network is unreachable"]) => {
                ProbeAnswer::NoWay
            }
            None => ProbeAnswer::Unclear(output.lines().last().unwrap_or("no output").trim().to_string()),
        },
    };
    FromInside { address, answer }
}

/// Returns the host and port that `wget` connected to last, such as `grafana:3000`.
pub fn last_asked(output: &str) -> Option<&str> {
    const BEFORE: &str = "Connecting to ";
    output[output.rfind(BEFORE)? + BEFORE.len()..].split_whitespace().next()
}

/// Returns the IP address in `Connecting to tdd-app:8501 (172.17.0.1:8501)`.
fn connecting_to(line: &str) -> Option<IpAddr> {
    let rest = line.trim().strip_prefix("Connecting to ")?;
    let (_, address) = rest.strip_suffix(')')?.rsplit_once('(')?;
    address.parse::<SocketAddr>().ok().map(|address| address.ip())
}

fn http(output: &str) -> Option<ProbeAnswer> {
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    let last = lines.iter().rposition(|line| line.starts_with("HTTP/"))?;
    let status = lines[last].split_whitespace().nth(1)?.parse().ok()?;
    let content_type = lines[last..].iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type").then(|| value.trim().to_string())
    });
    Some(ProbeAnswer::Http { status, content_type: content_type.filter(|value| !value.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTING: &str = "Connecting to tdd-app:8501 (172.17.0.1:8501)\n";

    fn answer(exit_code: i64, rest: &str) -> ProbeAnswer {
        let read = from_wget(exit_code, &format!("{CONNECTING}{rest}"));
        assert_eq!(read.address, Some("172.17.0.1".parse().unwrap()));
        read.answer
    }

    #[test]
    fn http_answer_has_content_type() {
        let http = |status, content_type: Option<&str>| ProbeAnswer::Http {
            status,
            content_type: content_type.map(ToString::to_string),
        };
        let page = "  HTTP/1.1 200 OK\n  content-type: text/html; charset=utf-8\n  Connection: close\n  \n";
        assert_eq!(answer(0, page), http(200, Some("text/html; charset=utf-8")));
        assert_eq!(answer(0, "  HTTP/1.1 200 OK\n  Content-Length: 4\n  \n"), http(200, None));
        let missing = "  HTTP/1.1 404 Not Found\nwget: server returned error: HTTP/1.1 404 Not Found\n";
        assert_eq!(answer(1, missing), http(404, None));
        let redirect =
            "  HTTP/1.1 302 Found\n  Content-Type: a\n  HTTP/1.1 200 OK\n  Content-Type: text/plain\n";
        assert_eq!(answer(0, redirect), http(200, Some("text/plain")));
    }

    #[test]
    fn last_asked_returns_the_last_of_several_addresses() {
        let output = "Connecting to grafana:3000 (172.18.0.3:3000)\nsaving to '/dev/null'\nnull 100% |***| 5 0:00:00 ETA\n\
                      Connecting to alertmanager:9093 (172.18.0.4:9093)\nwget: download timed out\n";
        assert_eq!(last_asked(output), Some("alertmanager:9093"));
        assert!(from_wget(1, output).answer.is_dropped());
        assert_eq!(last_asked("wget: bad address 'grafana:3000'\n"), None);
    }

    #[test]
    fn from_wget_classifies_each_failure() {
        let refused = "wget: can't connect to remote host (172.17.0.1): Connection refused\n";
        assert_eq!(answer(1, refused), ProbeAnswer::Refused);
        assert_eq!(answer(1, "wget: download timed out\n"), ProbeAnswer::Silent);
        let barred = "wget: can't connect to remote host (172.17.0.1): No route to host\n";
        assert_eq!(answer(1, barred), ProbeAnswer::NoWay);
        let odd = "wget: error getting response: No such file or directory\n";
        assert_eq!(answer(1, odd), ProbeAnswer::Unclear(odd.trim().into()));
        let unresolved = from_wget(1, "wget: bad address 'nobody:8501'\n");
        assert_eq!(unresolved, FromInside { address: None, answer: ProbeAnswer::NoSuchName });
        let none = "OCI runtime exec failed: exec: \"wget\": executable file not found in $PATH: unknown\r\n";
        assert!(
            matches!(from_wget(126, none).answer, ProbeAnswer::Unclear(why) if why.contains("no `wget`"))
        );
    }
}
