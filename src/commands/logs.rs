//! `tdd-stack logs`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::{SelectAll, select_all};

use super::{Exit, Session};
use crate::engine::LogQuery;
use crate::error::{Error, Result};
use crate::render;

/// Show what the services log, each line with its service
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to show, all if none is named
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,

    /// Go on as lines come
    #[arg(long, short)]
    follow: bool,

    /// How many of the last lines of each service
    #[arg(long, value_name = "N")]
    tail: Option<u32>,

    /// Since when: a time span such as 10m, or a moment such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i32>,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let known: Vec<&str> = session.stack.services.iter().map(|service| service.name).collect();
    if let Some(unknown) = args.services.iter().find(|name| !known.contains(&name.as_str())) {
        let reason = format!("there is no service `{unknown}`: it is one of {}", known.join(", "));
        return Err(Error::Usage { place: "logs".into(), reason });
    }
    let engine = session.engine().await?;
    let containers = engine.inventory(&session.stack.name).await?.objects.containers;
    let wanted = |name: &String| args.services.is_empty() || args.services.contains(name);
    let query = LogQuery {
        follow: args.follow,
        tail: args.tail.map_or("all".into(), |lines| lines.to_string()),
        since: args.since.unwrap_or_default(),
        dated: false,
    };
    let width = containers.keys().map(String::len).max().unwrap_or_default();
    let streams = containers.iter().filter(|(service, _)| wanted(service)).map(|(service, container)| {
        let service = service.clone();
        engine.logs(&container.id, &query).map(move |line| (service.clone(), line)).boxed_local()
    });
    let mut lines: SelectAll<_> = select_all(streams);
    if lines.is_empty() {
        return Err(Error::Amiss(vec![format!("stack `{}` has no such container", session.stack.name)]));
    }
    while let Some((service, line)) = lines.next().await {
        if !render::log_line(session.json(), &service, width, &line?.text) {
            break;
        }
    }
    Ok(Exit::Reached)
}

/// Returns the moment in seconds of the Unix epoch.
fn since(text: &str) -> std::result::Result<i32, String> {
    let moment = match humantime::parse_duration(text) {
        Ok(span) => SystemTime::now().checked_sub(span).unwrap_or(UNIX_EPOCH),
        Err(_) => humantime::parse_rfc3339_weak(text)
            .map_err(|_| "write a span such as 10m, or a moment such as 2026-01-31T08:00:00Z".to_string())?,
    };
    let seconds = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    i32::try_from(seconds).map_err(|_| "that moment is too far away".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spans_or_dates() {
        assert_eq!(since("1970-01-01T00:01:00Z"), Ok(60));
        let now = i32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let ago = now - since("10m").unwrap();
        assert!((598..=602).contains(&ago), "{ago}");
        assert!(since("yesterday").is_err());
    }
}
