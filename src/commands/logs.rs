//! `tdd-stack logs`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Result;
use crate::session::logs::{ALL, Request};
use crate::session::{Exit, Session};

/// Show the logs of the services in chronological order
///
/// With `--since`, `--tail` is `all` by default.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to show [default: all]
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,

    /// Follow log output
    #[arg(long, short)]
    follow: bool,

    /// Number of last lines of each service, or `all` [default: 100]
    #[arg(long, value_name = "N", value_parser = tail)]
    tail: Option<String>,

    /// Show lines since a duration (10m) or a time (2026-01-31T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i32>,
}

impl Args {
    /// Returns whether the command runs until it is interrupted.
    pub(super) fn is_endless(&self) -> bool {
        self.follow
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit> {
    let Args { services, follow, tail, since } = args;
    session.logs(&Request { services, follow, tail, since }).await
}

/// Parses a number of lines, in the form that the engine takes.
fn tail(text: &str) -> std::result::Result<String, String> {
    match text.parse::<u32>() {
        Ok(lines) => Ok(lines.to_string()),
        Err(_) if text == ALL => Ok(text.to_string()),
        Err(_) => Err("use a number of lines, or `all`".into()),
    }
}

/// Parses a time, in seconds of the Unix epoch.
fn since(text: &str) -> std::result::Result<i32, String> {
    let time = match humantime::parse_duration(text) {
        Ok(span) => SystemTime::now().checked_sub(span).unwrap_or(UNIX_EPOCH),
        Err(_) => humantime::parse_rfc3339_weak(text)
            .map_err(|_| "use a duration such as 10m, or a time such as 2026-01-31T08:00:00Z".to_string())?,
    };
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    i32::try_from(seconds).map_err(|_| "that time is too far away".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_accepts_durations_and_times() {
        assert_eq!(since("1970-01-01T00:01:00Z"), Ok(60));
        let now = i32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let ago = now - since("10m").unwrap();
        assert!((598..=602).contains(&ago), "{ago}");
        assert!(since("yesterday").is_err());
    }

    #[test]
    fn tail_is_a_number_or_all() {
        assert_eq!((tail("007"), tail("all")), (Ok("7".into()), Ok("all".into())));
        assert!(tail("-1").is_err() && tail("some").is_err());
    }
}
