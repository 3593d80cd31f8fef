//! What people and scripts see: results on standard output, talk on standard error.
//!
//! Never sees effects: it is given values and events.

mod alerts;
mod backup;
mod drill;
mod findings;
mod log;
mod progress_bars;
mod progress_json;
mod progress_plain;
mod pulled;
mod removed;
mod schema;
mod table;
mod terminal_mode;
mod usage;
mod versions;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

pub use alerts::alerts;
pub use backup::{restored, saved};
pub use findings::findings;
pub use log::log_line;
pub use pulled::pulled;
pub use removed::{Removed, removed};
pub(crate) use terminal_mode::{LocalModes, TerminalModeGuard};
pub use usage::{error_object, warning};
pub use versions::versions;

use crate::config::settings::{OutputFormat, ProgressFormat};
use crate::drill::trace::AlertTrace;
use crate::error::{ConfigFault, Error};
use crate::model::event::{Event, EventKind};
use crate::model::sanitize;
use crate::model::stack::Login;
use crate::model::verification::Verification;
use crate::plan::{Plan, TextChange, Verb};
use crate::status::Status;

/// How long each step took.
#[derive(Clone, Debug, Default)]
pub struct Timings(pub Vec<Timing>);

/// How long one step took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The operation's verb.
    pub verb: Verb,
    /// The operation's service, where it has one.
    pub service: Option<String>,
    /// When it began, since the plan's beginning.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Timings {
    /// Adds the timings of a further plan.
    pub fn extend(&mut self, further: Self) {
        self.0.extend(further.0);
    }

    /// Returns how long a service's operations of some verbs took, `None` where there was none.
    pub fn of(&self, service: &str, verbs: &[Verb]) -> Option<Duration> {
        let of_service = self.0.iter().filter(|timing| timing.service.as_deref() == Some(service));
        let times: Vec<Duration> =
            of_service.filter(|timing| verbs.contains(&timing.verb)).map(|timing| timing.took).collect();
        (!times.is_empty()).then(|| times.iter().sum())
    }
}

/// What `up` has to say at its end.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The stack as it is now.
    pub status: &'a Status,
    /// What was done.
    pub plan: &'a Plan,
    /// How long each step took.
    pub timings: &'a Timings,
    /// How long all of it took.
    pub total: Duration,
    /// The login of Grafana.
    pub login: &'a Login,
    /// The uids of the imported dashboards.
    pub dashboards: Vec<&'a str>,
}

/// What `init` did with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// What happened to it.
    pub outcome: FileOutcome,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOutcome {
    /// It says already what is shipped.
    Unchanged,
    /// The user edited it, so it stays.
    Kept,
    /// It was written.
    Written {
        /// The copy of what the user had written.
        backup: Option<PathBuf>,
    },
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check's name.
    pub title: String,
    /// What it found.
    pub faults: Vec<ConfigFault>,
}

/// Shows events as they come until the channel closes, and returns how long each step took.
pub async fn display(progress: ProgressFormat, plan: &Plan, mut inbox: UnboundedReceiver<Event>) -> Timings {
    let mut renderer = Renderer::choose(progress, std::io::stderr().is_terminal());
    let mut began = vec![Duration::ZERO; plan.len()];
    let mut timings = Timings::default();
    while let Some(event) = inbox.recv().await {
        let operation = &plan.steps[event.step].operation;
        match event.kind {
            EventKind::Started => began[event.step] = event.elapsed,
            EventKind::Finished => timings.0.push(Timing {
                verb: operation.verb(),
                service: operation.service().map(ToString::to_string),
                began: began[event.step],
                took: event.elapsed.saturating_sub(began[event.step]),
            }),
            EventKind::Layer { .. }
            | EventKind::Waiting(_)
            | EventKind::Note(_)
            | EventKind::Failed(_)
            | EventKind::FailedAlike(_)
            | EventKind::Abandoned => {}
        }
        renderer.show(plan, &event, event.elapsed.saturating_sub(began[event.step]));
    }
    timings
}

/// One of the ways in which events are shown, chosen once.
enum Renderer {
    Bars(Box<progress_bars::Bars>),
    Plain,
    Json,
    Quiet,
}

impl Renderer {
    fn choose(progress: ProgressFormat, is_terminal: bool) -> Self {
        match progress {
            ProgressFormat::Bars => Self::Bars(Box::default()),
            ProgressFormat::Auto if is_terminal => Self::Bars(Box::default()),
            ProgressFormat::Auto | ProgressFormat::Plain => Self::Plain,
            ProgressFormat::Json => Self::Json,
            ProgressFormat::Quiet => Self::Quiet,
        }
    }

    fn show(&mut self, plan: &Plan, event: &Event, took: Duration) {
        match self {
            Self::Bars(bars) => bars.show(plan, event),
            Self::Plain => say(progress_plain::line(plan, event, took)),
            Self::Json => say(Some(progress_json::line(plan, event, took))),
            Self::Quiet => say(match event.kind {
                EventKind::Failed(_) => progress_plain::line(plan, event, took),
                _ => None,
            }),
        }
    }
}

/// Prints a plan.
pub fn plan(json: bool, stack: &str, plan: &Plan, changes: &[TextChange]) {
    if json {
        object(&schema::plan(stack, plan, changes));
    } else {
        print(&table::plan(stack, plan, changes));
    }
}

/// Prints what `up` did.
pub fn summary(json: bool, summary: &Summary<'_>) {
    if json { object(&schema::summary(summary)) } else { print(&table::summary(summary)) }
}

/// Prints a status.
pub fn status(json: bool, status: &Status) {
    if json { object(&schema::status(status)) } else { print(&table::status(status)) }
}

/// Prints what `init` did.
pub fn files(json: bool, reports: &[FileReport]) {
    if json { object(&schema::files(reports)) } else { print(&table::files(reports)) }
}

/// Prints what `check` found.
pub fn checks(json: bool, reports: &[CheckReport]) {
    if json { object(&schema::checks(reports)) } else { print(&table::checks(reports)) }
}

/// Prints how far each alert of a drill came.
pub fn drill(json: bool, stack: &str, courses: &[AlertTrace], total: Duration) {
    if json {
        object(&drill::document(stack, courses, total));
    } else {
        print(&drill::text(stack, courses, total));
    }
}

/// Tells what a long piece of work does, where progress is told at all.
pub fn talk(progress: ProgressFormat, elapsed: Duration, text: &str) {
    match progress {
        ProgressFormat::Quiet => {}
        ProgressFormat::Json => {
            let line = serde_json::json!({
                "schema": "tdd-stack.event/1", "event": "talk", "seconds": elapsed.as_secs_f64(), "text": text,
            });
            say(Some(line.to_string()));
        }
        ProgressFormat::Auto | ProgressFormat::Bars | ProgressFormat::Plain => {
            say(Some(format!("{:>7.2}s  {text}", elapsed.as_secs_f64())));
        }
    }
}

/// Says something beside the results.
pub fn note(text: &str) {
    say(Some(format!("note: {text}")));
}

/// Clears the screen, if there is one.
pub fn clear() {
    if std::io::stdout().is_terminal() {
        drop(std::io::stdout().write_all(b"\x1b[H\x1b[2J"));
    }
}

/// Prints an error, its causes and its hint; with JSON asked for, as an object on standard output too.
///
/// `evidence` is where evidence of it is, or why there is none.
pub fn error(
    error: &Error,
    output: Option<OutputFormat>,
    diagnostics: Option<std::result::Result<&Path, &str>>,
) {
    let lines: Vec<String> = error_text(error).trim_end().lines().map(clipped).collect();
    say(Some(lines.join("\n")));
    let path = match diagnostics {
        Some(Ok(path)) => {
            say(Some(format!("diagnostics: {}", path.display())));
            Some(path)
        }
        Some(Err(reason)) => {
            say(Some(format!("note: no diagnostics are kept: {reason}")));
            None
        }
        None => None,
    };
    if output == Some(OutputFormat::Json) {
        let mut document = schema::error(error);
        if let Some(path) = path {
            document["diagnostics"] = path.display().to_string().into();
        }
        object(&document);
    }
}

/// Returns an error as it is printed, with its causes and its hint.
pub fn error_text(error: &Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&indented(&cause.to_string()));
        source = cause.source();
    }
    for further in error.of_clean_up() {
        text.push_str(&indented(&format!("in the clean-up: {}", further.in_one_line())));
    }
    if let Some(hint) = error.hint() {
        text.push_str(&indented(&format!("hint: {hint}")).replacen("  ", "", 1));
    }
    text
}

/// Returns an error as a JSON object.
pub fn error_document(error: &Error) -> Value {
    schema::error(error)
}

/// Returns a plan as a JSON object.
pub fn plan_document(stack: &str, plan: &Plan) -> Value {
    schema::plan(stack, plan, &[])
}

/// Returns the line of an event as `--progress json` prints it, with its moment.
pub fn event_line(plan: &Plan, event: &Event, took: Duration, moment: &str) -> String {
    let mut object = progress_json::object(plan, event, took);
    object["time"] = moment.into();
    object.to_string()
}

/// Prints where a support bundle is.
pub fn bundle<'a>(json: bool, path: &Path, files: impl Iterator<Item = &'a str>) {
    if json {
        object(&serde_json::json!({
            "schema": "tdd-stack.support-bundle/1",
            "ok": true,
            "path": path.display().to_string(),
            "files": files.collect::<Vec<_>>(),
        }));
    } else {
        let path = path.display();
        let mut inside: Vec<(&str, usize)> = Vec::new();
        for name in files.map(|name| name.split_inclusive('/').next().unwrap_or(name)) {
            match inside.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => inside.push((name, 1)),
            }
        }
        let part = |(name, count): (&str, usize)| {
            if name.ends_with('/') { format!("{name} ({count})") } else { name.to_string() }
        };
        let inside: Vec<String> = inside.into_iter().map(part).collect();
        print(&format!(
            "{path}\nhas {}\nknown secrets are removed, but look at it before you send it: tar -xzf {path}\n",
            inside.join(", "),
        ));
    }
}

/// Prints a refusal of the command line whose words would act on the terminal, and returns whether it is such a one.
pub fn refusal(text: &str) -> bool {
    let acts = matches!(sanitize::text(text), Cow::Owned(_));
    say(acts.then(|| text.trim_end().to_string()));
    acts
}

/// Returns a line, without its middle where it is longer than anybody reads: a key of a file may have megabytes.
fn clipped(line: &str) -> String {
    const KEPT: usize = 1000;
    let count = line.chars().count();
    if count <= 4 * KEPT {
        return line.to_string();
    }
    let (first, last): (String, String) =
        (line.chars().take(KEPT).collect(), line.chars().skip(count - KEPT).collect());
    format!("{first} … ({} characters) … {last}", count - 2 * KEPT)
}

/// Returns the verdict in one word and what it rests on.
fn verdict(proof: &Verification) -> (&'static str, Vec<String>) {
    use crate::model::verification::Verdict;
    match proof.verdict() {
        Verdict::Proven => ("proven", Vec::new()),
        Verdict::Pending(what) => ("pending", what),
        Verdict::Unhealthy(what) => ("blind", what),
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}\n")).collect();
    lines.concat()
}

fn object(value: &Value) {
    print(&format!("{value:#}\n"));
}

fn print(text: &str) {
    // Whoever closed the pipe has seen enough.
    drop(std::io::stdout().write_all(sanitize::text(text).as_bytes()));
}

fn say(line: Option<String>) {
    if let Some(line) = line {
        // Talk that nobody hears must not end the work.
        drop(writeln!(std::io::stderr(), "{}", sanitize::text(&line)));
    }
}
