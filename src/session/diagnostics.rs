//! Keeps diagnostics of a command that failed. It never changes the outcome of the command.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::environment::environment;
use super::signals::interrupted;
use super::{Exit, Session};
use crate::diagnostics::redact::Secrets;
use crate::diagnostics::{self, Content, Diagnostics, collect};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::files;
use crate::model::event::Event;
use crate::output;
use crate::plan::Plan;

/// The number of diagnostics folders that are kept.
const KEPT: usize = 10;

/// The number of events that are kept; a pull emits many.
const EVENTS: usize = 5000;

/// The diagnostics of a running command.
#[derive(Debug, Default)]
pub(crate) struct FailureContext {
    verb: Option<&'static str>,
    engine: RefCell<Option<Engine>>,
    gathered: RefCell<Option<Diagnostics>>,
}

/// The diagnostics folder of a failure, or why there is none.
pub(crate) type Kept = std::result::Result<PathBuf, String>;

/// The last events of a plan, each with the time since its operation began.
#[derive(Debug)]
pub(crate) struct Record {
    began: SystemTime,
    events: VecDeque<(Event, Duration)>,
}

impl FailureContext {
    /// Starts recording; without a command name, nothing is kept.
    pub(crate) fn of(verb: Option<&'static str>) -> Self {
        Self { verb, ..Self::default() }
    }

    /// Remembers the engine that the command uses.
    pub(crate) fn saw(&self, engine: &Engine) {
        self.engine.replace(Some(engine.clone()));
    }
}

impl Record {
    /// Forwards events to the display until the channel closes, and returns a record of them.
    pub(crate) async fn tee(
        mut inbox: UnboundedReceiver<Event>,
        display: impl AsyncFnOnce(UnboundedReceiver<Event>),
    ) -> Self {
        let (sender, shown) = unbounded_channel();
        let record = async move {
            let mut record = Self { began: SystemTime::now(), events: VecDeque::new() };
            let mut steps = BTreeMap::new();
            while let Some(event) = inbox.recv().await {
                let step: &mut Duration = steps.entry(event.step).or_insert(event.elapsed);
                let took = event.elapsed.saturating_sub(*step);
                if record.events.len() == EVENTS {
                    record.events.pop_front();
                }
                record.events.push_back((event.clone(), took));
                // A display that ended receives nothing more; recording continues.
                drop(sender.send(event));
            }
            record
        };
        tokio::join!(record, display(shown)).0
    }

    /// Returns the events of a plan as lines of JSON.
    fn lines(&self, plan: &Plan) -> String {
        let line = |(event, took): &(Event, Duration)| {
            let moment = humantime::format_rfc3339_millis(self.began + event.elapsed);
            output::event_line(plan, event, *took, &moment.to_string()) + "\n"
        };
        self.events.iter().map(line).collect()
    }
}

impl Session {
    /// Collects diagnostics right after a plan failed, before anything is rolled back.
    pub(crate) async fn collect_before_rollback(&self, engine: &Engine, plan: &Plan, record: Record) {
        if self.case.verb.is_none() {
            return;
        }
        let mut gathered = Diagnostics::default();
        self.add_plan(&mut gathered, plan);
        gathered.add("events.jsonl", Content::Text(record.lines(plan)));
        gathered.extend(self.collect(Some(engine)).await);
        self.case.gathered.replace(Some(gathered));
    }

    /// Collects the diagnostics that are available now.
    pub(crate) async fn collect(&self, engine: Option<&Engine>) -> Diagnostics {
        let from_engine = match engine {
            // Boxed, because the future of all concurrent requests is too large for a thread's stack.
            Some(engine) => Box::pin(collect::from_engine(engine, &self.stack)).await,
            None => {
                Diagnostics { notes: vec!["the engine was not available".into()], ..Diagnostics::default() }
            }
        };
        let mut collected = collect::at_hand(&self.http, &self.folder, &self.stack);
        collected.extend(from_engine);
        collected
    }

    /// Adds a plan as text and as JSON.
    pub(crate) fn add_plan(&self, diagnostics: &mut Diagnostics, plan: &Plan) {
        let text = if plan.is_empty() { "no operations\n".into() } else { plan.to_string() };
        diagnostics.add("plan.txt", Content::Text(text));
        diagnostics.add("plan.json", Content::Json(output::plan_document(&self.stack.name, plan)));
    }

    /// Returns the secrets that must not appear in diagnostics.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::of_login(&self.stack.login.user, self.stack.login.password.secret.reveal())
    }

    /// Writes the diagnostics of a failure unless the user interrupts; returns `None` if no diagnostics
    /// apply.
    pub(crate) async fn keep(&self, outcome: &Result<Exit>) -> Option<Kept> {
        tokio::select! {
            kept = self.collect_and_write(outcome) => kept,
            () = interrupted() => Some(Err("interrupted while collecting".into())),
        }
    }

    async fn collect_and_write(&self, outcome: &Result<Exit>) -> Option<Kept> {
        let verb = self.case.verb?;
        let (Err(error) | Ok(Exit::Reported(error))) = outcome else { return None };
        let gathered = self.case.gathered.take();
        let mut gathered = match gathered {
            Some(gathered) => gathered,
            // Nothing was changed, and the error message is complete.
            None if matches!(
                error,
                Error::Usage { .. }
                    | Error::SettingsFile { .. }
                    | Error::EngineUnknown { .. }
                    | Error::Problems(_)
                    | Error::Conflicts(_)
                    | Error::Locked { .. }
                    | Error::OutOfReach(_)
                    | Error::DrillInterrupted
                    | Error::Interrupted
            ) =>
            {
                return None;
            }
            None => {
                let engine = self.case.engine.borrow().clone();
                let mut collected = self.collect(engine.as_ref()).await;
                collected.notes.push("no plan was being applied, so no events exist".into());
                collected
            }
        };
        gathered.add("error.json", Content::Json(output::error_document(error)));
        let engine = self.case.engine.borrow().as_ref().map(Engine::versions);
        let moment = SystemTime::now();
        let summary = format!(
            "{}\nverb       {verb}\nstack      {}\nwhen       {}\nexit code  {}\ntdd-stack  {}\nengine     {}\n",
            output::error_text(error),
            self.stack.name,
            humantime::format_rfc3339_seconds(moment),
            error.exit_code(),
            env!("CARGO_PKG_VERSION"),
            engine.as_deref().unwrap_or("unknown"),
        );
        let files = gathered.finish(&summary, self.secrets());
        Some(self.write(&diagnostics::name(&self.stack.name, moment, Some(word(error))), moment, &files))
    }

    fn write(&self, name: &str, moment: SystemTime, files: &[(String, String)]) -> Kept {
        let folder = diagnostics::folder(self.settings.diagnostics.as_deref(), environment)
            .ok_or("neither `--diagnostics`, XDG_STATE_HOME nor HOME names a folder")?;
        let written = files::write_dated(&folder, name, moment, files);
        // A failure to remove old folders must not hide the new one.
        drop(files::keep_newest(&folder, KEPT, written.as_deref().ok()));
        written.map_err(|error| error.in_one_line())
    }
}

/// Returns the error code of the first failure.
fn word(error: &Error) -> &'static str {
    match error {
        Error::RolledBack { failure, .. } | Error::NotRolledBack { failure, .. } => word(failure),
        error => error.code(),
    }
}
