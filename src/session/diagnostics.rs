//! Keeps evidence of a verb that failed. Never changes how it ends.

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

/// How many failures are kept.
const KEPT: usize = 10;

/// How many events are kept; a pull tells many.
const EVENTS: usize = 5000;

/// What is gathered on the way, of a verb that leaves evidence.
#[derive(Debug, Default)]
pub(crate) struct FailureContext {
    verb: Option<&'static str>,
    engine: RefCell<Option<Engine>>,
    gathered: RefCell<Option<Diagnostics>>,
}

/// Where the evidence of a failure is, or why there is none.
pub(crate) type Kept = std::result::Result<PathBuf, String>;

/// The last events of a plan, each with how long its step has taken until then.
#[derive(Debug)]
pub(crate) struct Record {
    began: SystemTime,
    events: VecDeque<(Event, Duration)>,
}

impl FailureContext {
    /// Begins a case; without a verb, nothing is kept.
    pub(crate) fn of(verb: Option<&'static str>) -> Self {
        Self { verb, ..Self::default() }
    }

    /// Remembers the engine with which the verb works.
    pub(crate) fn saw(&self, engine: &Engine) {
        self.engine.replace(Some(engine.clone()));
    }
}

impl Record {
    /// Hands events on to the display until the channel closes, and returns what was seen.
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
                // A display that died sees nothing more; the record goes on.
                drop(sender.send(event));
            }
            record
        };
        tokio::join!(record, display(shown)).0
    }

    /// Returns the events of a plan, a line of JSON each.
    fn lines(&self, plan: &Plan) -> String {
        let line = |(event, took): &(Event, Duration)| {
            let moment = humantime::format_rfc3339_millis(self.began + event.elapsed);
            output::event_line(plan, event, *took, &moment.to_string()) + "\n"
        };
        self.events.iter().map(line).collect()
    }
}

impl Session {
    /// Gathers what is to be seen right after a plan failed, before anything is taken back.
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

    /// Collects what can be had now.
    pub(crate) async fn collect(&self, engine: Option<&Engine>) -> Diagnostics {
        let from_engine = match engine {
            // Boxed: everything that it asks at once would be too large for the stack of a thread.
            Some(engine) => Box::pin(collect::from_engine(engine, &self.stack)).await,
            None => {
                Diagnostics { notes: vec!["the engine could not be asked".into()], ..Diagnostics::default() }
            }
        };
        let mut collected = collect::at_hand(&self.http, &self.folder, &self.stack);
        collected.extend(from_engine);
        collected
    }

    /// Adds a plan in both forms.
    pub(crate) fn add_plan(&self, diagnostics: &mut Diagnostics, plan: &Plan) {
        let text = if plan.is_empty() { "nothing is to be done\n".into() } else { plan.to_string() };
        diagnostics.add("plan.txt", Content::Text(text));
        diagnostics.add("plan.json", Content::Json(output::plan_document(&self.stack.name, plan)));
    }

    /// Returns what must not be seen in evidence.
    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::of_login(&self.stack.login.user, self.stack.login.password.secret.reveal())
    }

    /// Writes the evidence of a failure, unless the user does not wait for it; nothing is written where none is wanted.
    pub(crate) async fn keep(&self, outcome: &Result<Exit>) -> Option<Kept> {
        tokio::select! {
            kept = self.collect_and_write(outcome) => kept,
            () = interrupted() => Some(Err("interrupted while it was collected".into())),
        }
    }

    async fn collect_and_write(&self, outcome: &Result<Exit>) -> Option<Kept> {
        let verb = self.case.verb?;
        let (Err(error) | Ok(Exit::Reported(error))) = outcome else { return None };
        let gathered = self.case.gathered.take();
        let mut gathered = match gathered {
            Some(gathered) => gathered,
            // Nothing was changed, and the message says all.
            None if matches!(
                error,
                Error::Usage { .. }
                    | Error::SettingsFile { .. }
                    | Error::EngineUnknown { .. }
                    | Error::Problems(_)
                    | Error::Conflicts(_)
                    | Error::Locked { .. }
                    | Error::OutOfReach(_)
                    | Error::Interrupted
            ) =>
            {
                return None;
            }
            None => {
                let engine = self.case.engine.borrow().clone();
                let mut collected = self.collect(engine.as_ref()).await;
                collected.notes.push("no plan was under way, so there are no events".into());
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
            engine.as_deref().unwrap_or("not known"),
        );
        let files = gathered.finish(&summary, self.secrets());
        Some(self.write(&diagnostics::name(&self.stack.name, moment, Some(word(error))), moment, &files))
    }

    fn write(&self, name: &str, moment: SystemTime, files: &[(String, String)]) -> Kept {
        let folder = diagnostics::folder(self.settings.diagnostics.as_deref(), environment)
            .ok_or("neither `--diagnostics`, XDG_STATE_HOME nor HOME names a folder")?;
        let told = |error: Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        };
        let written = files::write_dated(&folder, name, moment, files);
        // An old folder that stays is no reason to hide the new one.
        drop(files::keep_newest(&folder, KEPT, written.as_deref().ok()));
        written.map_err(told)
    }
}

/// Returns the word for what failed first.
fn word(error: &Error) -> &'static str {
    match error {
        Error::RolledBack { failure, .. } | Error::NotRolledBack { failure, .. } => word(failure),
        error => error.code(),
    }
}
