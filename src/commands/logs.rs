//! `tdd-stack logs`

use std::future::ready;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::try_join_all;
use futures_util::stream::select_all;
use futures_util::{Stream, StreamExt};

use crate::engine::{LogLine, LogQuery};
use crate::error::{Error, Result};
use crate::output;
use crate::session::{Exit, Session};

/// How many of the last lines of each service are shown; Grafana alone writes 1,800 at its start.
const LINES: u32 = 100;

/// What asks for every line.
const ALL: &str = "all";

/// Show what the services log in the order of time, each line with its service
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to show, all if none is named
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,

    /// Go on as lines come
    #[arg(long, short)]
    follow: bool,

    /// How many of the last lines of each service, or `all` [default: 100, with `--since` all]
    #[arg(long, value_name = "N", value_parser = tail)]
    tail: Option<String>,

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
    let width = containers.keys().map(String::len).max().unwrap_or_default();
    let shown: Vec<_> = containers.iter().filter(|(service, _)| wanted(service)).collect();
    if shown.is_empty() {
        return Err(Error::Problems(vec![format!("stack `{}` has no such container", session.stack.name)]));
    }
    let print =
        |service: &str, line: &Line| output::log_line(session.printer.is_json(), service, width, &line.text);
    let default = || if args.since.is_some() { ALL.into() } else { LINES.to_string() };
    let query = LogQuery {
        follow: false,
        tail: args.tail.clone().unwrap_or_else(default),
        since: args.since.unwrap_or_default(),
        dated: true,
    };
    let mut logs = Vec::new();
    for (service, container) in shown {
        let lines = engine.logs(&container.id, &query).boxed_local();
        logs.push(Log { service, lines, head: None, last: None, count: 0 });
    }
    if !in_order(&mut logs, print).await? {
        return Ok(Exit::Reached);
    }
    if args.tail.is_none() && args.since.is_none() && logs.iter().any(|log| log.count == LINES) {
        session.printer.note(&format!(
            "of each service the last {LINES} lines are shown; `--tail all` shows all of them"
        ));
    }
    if args.follow {
        let streams = logs.iter().map(|log| {
            let service = log.service;
            let last = log.last;
            let lines = engine.logs(&containers[service].id, &after(&query, last));
            let lines = lines.map(|line| line.map(Line::of));
            // The engine finds the place to go on to the second only.
            let is_new = move |line: &Result<Line>| {
                !matches!(line, Ok(Line { moment: Some(moment), .. }) if last.is_some_and(|last| *moment <= last))
            };
            lines.filter(move |line| ready(is_new(line))).map(move |line| (service, line)).boxed_local()
        });
        let mut lines = select_all(streams);
        while let Some((service, line)) = lines.next().await {
            if !print(service, &line?) {
                break;
            }
        }
    }
    Ok(Exit::Reached)
}

/// A log that is read line by line.
struct Log<'a, S> {
    service: &'a str,
    lines: S,
    /// The next line, where it was read already.
    head: Option<Line>,
    /// When the last line was written.
    last: Option<SystemTime>,
    count: u32,
}

/// A line and when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    moment: Option<SystemTime>,
    text: String,
}

impl Line {
    /// Takes the engine's time stamp off a line.
    fn of(line: LogLine) -> Self {
        let (stamp, text) = line.text.split_once(' ').unwrap_or((&line.text, ""));
        match moment(stamp) {
            Some(moment) => Self { moment: Some(moment), text: text.to_string() },
            None => Self { moment: None, text: line.text },
        }
    }
}

impl<S: Stream<Item = Result<LogLine>> + Unpin> Log<'_, S> {
    async fn advance(&mut self) -> Result<()> {
        self.head = self.lines.next().await.transpose()?.map(Line::of);
        if let Some(head) = &mut self.head {
            self.count += 1;
            // A line without a stamp belongs to the one before.
            head.moment = head.moment.or(self.last);
            self.last = head.moment;
        }
        Ok(())
    }
}

/// Prints the lines of all logs, the oldest first, and returns whether anybody still reads.
async fn in_order<S: Stream<Item = Result<LogLine>> + Unpin>(
    logs: &mut [Log<'_, S>],
    mut print: impl FnMut(&str, &Line) -> bool,
) -> Result<bool> {
    try_join_all(logs.iter_mut().map(Log::advance)).await?;
    let moment = |log: &&mut Log<'_, S>| log.head.as_ref().and_then(|line| line.moment);
    while let Some(log) = logs.iter_mut().filter(|log| log.head.is_some()).min_by_key(moment) {
        if let Some(line) = log.head.take()
            && !print(log.service, &line)
        {
            return Ok(false);
        }
        log.advance().await?;
    }
    Ok(true)
}

/// Returns the query that goes on after the last line that another one had, as lines come.
fn after(query: &LogQuery, last: Option<SystemTime>) -> LogQuery {
    let seconds = last.and_then(|last| last.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok());
    // Where there was no line so far, each is new; where none was asked for, none that is there.
    let tail = if query.tail == "0" { "0" } else { ALL };
    LogQuery { follow: true, tail: tail.into(), since: seconds.unwrap_or(query.since), dated: true }
}

/// Returns a moment as engines write it: Docker in UTC, Podman with the offset of its zone.
fn moment(stamp: &str) -> Option<SystemTime> {
    if stamp.ends_with('Z') {
        return humantime::parse_rfc3339_weak(stamp).ok();
    }
    let (local, offset) = stamp.split_at_checked(stamp.len().checked_sub("+00:00".len())?)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let local = humantime::parse_rfc3339_weak(&format!("{local}Z")).ok()?;
    let offset_seconds = hours.parse::<u64>().ok()? * 3600 + minutes.parse::<u64>().ok()? * 60;
    let span = Duration::from_secs(offset_seconds);
    match offset.as_bytes()[0] {
        b'+' => local.checked_sub(span),
        b'-' => local.checked_add(span),
        _ => None,
    }
}

/// Returns how many lines are asked for, in the engine's words.
fn tail(text: &str) -> std::result::Result<String, String> {
    match text.parse::<u32>() {
        Ok(lines) => Ok(lines.to_string()),
        Err(_) if text == ALL => Ok(text.to_string()),
        Err(_) => Err("write a number of lines, or `all`".into()),
    }
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
    use futures_util::stream;

    use super::*;

    #[test]
    fn since_accepts_spans_and_dates() {
        assert_eq!(since("1970-01-01T00:01:00Z"), Ok(60));
        let now = i32::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let ago = now - since("10m").unwrap();
        assert!((598..=602).contains(&ago), "{ago}");
        assert!(since("yesterday").is_err());
    }

    #[test]
    fn engine_timestamps_are_parsed_in_any_zone() {
        let expected = UNIX_EPOCH + Duration::from_nanos(1_769_846_400_000_000_005);
        for stamp in [
            "2026-01-31T08:00:00.000000005Z",
            "2026-01-31T10:30:00.000000005+02:30",
            "2026-01-31T03:00:00.000000005-05:00",
        ] {
            assert_eq!(moment(stamp), Some(expected), "{stamp}");
        }
        for text in ["", "word", "2026-01-31", "2026-01-31T08:00:00*02:00", "größer:als", "é+00:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn lines_of_several_logs_are_in_time_order() {
        let log = |service, lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|text| Ok(LogLine { text: (*text).to_string() })).collect();
            Log { service, lines: stream::iter(lines), head: None, last: None, count: 0 }
        };
        let mut logs = [
            log("a", &["2026-01-31T08:00:01Z one", "2026-01-31T08:00:04.5Z four", "goes on"]),
            log("b", &["2026-01-31T08:00:02Z two", "2026-01-31T08:00:03Z three", "2026-01-31T08:00:05Z "]),
            log("c", &[]),
        ];
        let mut printed = Vec::new();
        let print = |service: &str, line: &Line| {
            printed.push(format!("{service} {}", line.text));
            true
        };
        assert!(in_order(&mut logs, print).await.unwrap());
        assert_eq!(printed, ["a one", "b two", "b three", "a four", "a goes on", "b "]);
    }

    #[test]
    fn tail_is_a_number_or_all() {
        assert_eq!((tail("007"), tail("all")), (Ok("7".into()), Ok("all".into())));
        assert!(tail("-1").is_err() && tail("some").is_err());
    }
}
