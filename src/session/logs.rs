//! Shows the logs of the services in chronological order.

use std::future::ready;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::try_join_all;
use futures_util::stream::select_all;
use futures_util::{Stream, StreamExt};

use super::{Exit, Session};
use crate::engine::{LogLine, LogQuery};
use crate::error::{Error, Result};
use crate::model::log::LogRecord;

/// The default number of lines of each service; Grafana alone writes 1,800 at its start.
const LINES: u32 = 100;

/// The engine's word for all lines.
pub(crate) const ALL: &str = "all";

/// The requested lines.
#[derive(Debug)]
pub(crate) struct Request {
    /// The services; empty for all.
    pub(crate) services: Vec<String>,
    /// Whether to wait for further lines.
    pub(crate) follow: bool,
    /// The number of last lines of each service, in the form that the engine takes.
    pub(crate) tail: Option<String>,
    /// The time of the first line, in seconds of the Unix epoch.
    pub(crate) since: Option<i32>,
}

impl Session {
    /// Prints the requested lines.
    pub(crate) async fn logs(&self, request: &Request) -> Result<Exit> {
        let known: Vec<&str> = self.stack.services.iter().map(|service| service.name).collect();
        if let Some(unknown) = request.services.iter().find(|name| !known.contains(&name.as_str())) {
            let reason = format!("unknown service `{unknown}`; the services are {}", known.join(", "));
            return Err(Error::Usage { place: "logs".into(), reason });
        }
        let engine = self.engine().await?;
        let containers = engine.inventory(&self.stack.name).await?.objects.containers;
        let is_requested = |name: &String| request.services.is_empty() || request.services.contains(name);
        let width = containers.keys().map(String::len).max().unwrap_or_default();
        let shown: Vec<_> = containers.iter().filter(|(service, _)| is_requested(service)).collect();
        if shown.is_empty() {
            return Err(Error::Problems(vec![format!("stack `{}` has no such container", self.stack.name)]));
        }
        let print = |service: &str, line: &Line| self.printer.log_line(service, width, &line.record);
        let default = || if request.since.is_some() { ALL.into() } else { LINES.to_string() };
        let query = LogQuery {
            follow: false,
            tail: request.tail.clone().unwrap_or_else(default),
            since: request.since.unwrap_or_default(),
            dated: true,
        };
        let mut logs = Vec::new();
        for (service, container) in shown {
            let lines = engine.logs(&container.id, &query).boxed_local();
            logs.push(Log { service, lines, head: None, last: None, count: 0 });
        }
        if !print_in_order(&mut logs, print).await? {
            return Ok(Exit::Reached);
        }
        let is_default = request.tail.is_none() && request.since.is_none();
        if is_default && logs.iter().any(|log| log.count == LINES) {
            self.printer.note(&format!(
                "only the last {LINES} lines of each service are shown; `--tail all` shows all"
            ));
        }
        if request.follow {
            let streams = logs.iter().map(|log| {
                let service = log.service;
                let last = log.last;
                let lines = engine.logs(&containers[service].id, &after(&query, last));
                let lines = lines.map(|line| line.map(Line::of));
                // The engine selects lines by seconds, so it repeats lines of the last second.
                let is_new = move |line: &Result<Line>| {
                    !matches!(line, Ok(Line { time: Some(time), .. }) if last.is_some_and(|last| *time <= last))
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
}

/// The log of a service, read line by line.
struct Log<'a, S> {
    service: &'a str,
    lines: S,
    /// The next line, if it is already read.
    head: Option<Line>,
    /// The time of the last line.
    last: Option<SystemTime>,
    count: u32,
}

/// A line with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    time: Option<SystemTime>,
    record: LogRecord,
}

impl Line {
    /// Separates the engine's time stamp from the text.
    fn of(line: LogLine) -> Self {
        let (stamp, text) = line.text.split_once(' ').unwrap_or((&line.text, ""));
        let time = parse_time(stamp);
        let (stamp, text) = match time {
            Some(_) => (Some(stamp.to_string()), text.to_string()),
            None => (None, line.text),
        };
        Self { time, record: LogRecord { time: stamp, stream: line.stream, text } }
    }
}

impl<S: Stream<Item = Result<LogLine>> + Unpin> Log<'_, S> {
    async fn advance(&mut self) -> Result<()> {
        self.head = self.lines.next().await.transpose()?.map(Line::of);
        if let Some(head) = &mut self.head {
            self.count += 1;
            // A line without a time stamp continues the line before.
            head.time = head.time.or(self.last);
            self.last = head.time;
        }
        Ok(())
    }
}

/// Prints the lines of all logs, the oldest first, and returns whether standard output is still open.
async fn print_in_order<S: Stream<Item = Result<LogLine>> + Unpin>(
    logs: &mut [Log<'_, S>],
    mut print: impl FnMut(&str, &Line) -> bool,
) -> Result<bool> {
    try_join_all(logs.iter_mut().map(Log::advance)).await?;
    let time = |log: &&mut Log<'_, S>| log.head.as_ref().and_then(|line| line.time);
    while let Some(log) = logs.iter_mut().filter(|log| log.head.is_some()).min_by_key(time) {
        if let Some(line) = log.head.take()
            && !print(log.service, &line)
        {
            return Ok(false);
        }
        log.advance().await?;
    }
    Ok(true)
}

/// Returns the query for the lines after the last one that another query returned.
fn after(query: &LogQuery, last: Option<SystemTime>) -> LogQuery {
    let seconds = last.and_then(|last| last.duration_since(UNIX_EPOCH).ok()?.as_secs().try_into().ok());
    // Without a last line, every line is new, unless no existing line was requested.
    let tail = if query.tail == "0" { "0" } else { ALL };
    LogQuery { follow: true, tail: tail.into(), since: seconds.unwrap_or(query.since), dated: true }
}

/// Parses a time stamp: Docker writes UTC, Podman the offset of its time zone.
fn parse_time(stamp: &str) -> Option<SystemTime> {
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

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::model::log::LogStream;

    #[test]
    fn time_stamps_are_parsed_in_any_zone() {
        let expected = UNIX_EPOCH + Duration::from_nanos(1_769_846_400_000_000_005);
        for stamp in [
            "2026-01-31T08:00:00.000000005Z",
            "2026-01-31T10:30:00.000000005+02:30",
            "2026-01-31T03:00:00.000000005-05:00",
        ] {
            assert_eq!(parse_time(stamp), Some(expected), "{stamp}");
        }
        for text in ["", "word", "2026-01-31", "2026-01-31T08:00:00*02:00", "größer:als", "é+00:00"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn lines_of_several_logs_are_printed_chronologically() {
        let log = |service, lines: &[&str]| {
            let line = |text: &&str| Ok(LogLine { stream: LogStream::Stdout, text: (*text).to_string() });
            let lines: Vec<_> = lines.iter().map(line).collect();
            Log { service, lines: stream::iter(lines), head: None, last: None, count: 0 }
        };
        let mut logs = [
            log("a", &["2026-01-31T08:00:01Z one", "2026-01-31T08:00:04.5Z four", "goes on"]),
            log("b", &["2026-01-31T08:00:02Z two", "2026-01-31T08:00:03Z three", "2026-01-31T08:00:05Z "]),
            log("c", &[]),
        ];
        let mut printed = Vec::new();
        let print = |service: &str, line: &Line| {
            printed.push(format!("{service} {}", line.record.text));
            true
        };
        assert!(print_in_order(&mut logs, print).await.unwrap());
        assert_eq!(printed, ["a one", "b two", "b three", "a four", "a goes on", "b "]);
    }
}
