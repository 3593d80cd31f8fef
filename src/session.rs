//! The session that commands run in.

mod check;
mod dashboards;
pub(crate) mod demo;
pub(crate) mod diagnostics;
mod down;
mod drill;
pub(crate) mod environment;
mod lock;
pub(crate) mod logs;
pub(crate) mod password;
pub(crate) mod retry;
mod rollback;
pub(crate) mod signals;
pub(crate) mod status;
pub(crate) mod up;

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::settings::{Layer, PasswordSource, Settings};
use crate::context::StackContext;
use crate::docker::endpoint::{self, Asked};
use crate::engine::{Engine, EngineWriter, Lock};
use crate::error::{Error, Result};
use crate::files::ConfigFolder;
use crate::http::Http;
use crate::model::observed::Observed;
use crate::model::stack::Stack;
use crate::model::verification::{Application, Verification};
use crate::observe::observe;
use crate::output::{Printer, Timings};
use crate::services;

use diagnostics::FailureContext;
use environment::environment;
use password::PasswordPolicy;

/// The outcome of a command that did not fail before it printed a result.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The requested state is reached.
    Reached,
    /// The requested state is not reached; the printed result says why.
    Problems,
    /// Changes are pending, and the exit code must say so.
    ChangesPending,
    /// The printed result says all of this error. It decides the exit code, and is printed where the result does not go
    /// to a terminal.
    Judged(Error),
    /// The user ended a command that runs until it is interrupted.
    Interrupted,
    /// The result is already printed; this is its error.
    Reported(Error),
}

/// What every command works with.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) stack: Stack,
    pub(crate) folder: ConfigFolder,
    pub(crate) http: Http,
    pub(crate) printer: Printer,
    pub(crate) case: FailureContext,
    /// The lock, while it is held.
    held: Cell<Option<Lock>>,
}

/// The limits and the scope of a wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitOptions {
    /// The time limit of each wait for a service.
    pub(crate) each: Duration,
    /// Whether a healthy stack includes the user's application.
    pub(crate) application: Application,
}

/// The result of applying a plan.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// The duration of each operation.
    pub(crate) timings: Timings,
    /// The verification, if the plan waited for a healthy stack.
    pub(crate) proof: Option<Result<Verification>>,
}

impl Done {
    /// Adds the result of a further plan.
    pub(crate) fn extend(&mut self, further: Self) {
        self.timings.extend(further.timings);
        self.proof = further.proof.or(self.proof.take());
    }
}

impl Session {
    pub(crate) async fn new(
        mut layer: Layer,
        wish: PasswordPolicy,
        verb: Option<&'static str>,
    ) -> Result<Self> {
        let services = services::names();
        let stack = layer.checked_stack(&services)?.to_string();
        let password = password::find(layer.grafana_password.take(), &stack, wish, environment).await?;
        layer.grafana_password = Some(PasswordSource::Known(password));
        let settings = Settings::resolve(layer, &services)?;
        Ok(Self {
            stack: services::assemble(&settings),
            folder: ConfigFolder::at(settings.config_folder()),
            http: Http::new()?,
            printer: Printer::new(settings.output, settings.progress, settings.verbose, environment),
            case: FailureContext::of(verb),
            held: Cell::default(),
            settings,
        })
    }

    /// Connects to the engine that the settings name.
    pub(crate) async fn engine(&self) -> Result<Engine> {
        let requested = Asked {
            host: self.settings.host.as_deref(),
            context: self.settings.context.as_deref(),
            place: self.settings.engine_place.as_deref(),
        };
        let config_dir = endpoint::config_dir(environment);
        let endpoint = endpoint::find(requested, environment, config_dir.as_deref()).map_err(|error| {
            Error::EngineUnknown { is_usage: error.is_usage(), hint: error.hint(), source: error.into() }
        })?;
        let engine = Engine::connect(endpoint, config_dir).await?;
        self.case.saw(&engine);
        Ok(engine)
    }

    /// Waits until the engine has finished the calls of a program that was killed.
    pub(crate) async fn wait_until_idle(&self, engine: &Engine) -> Result<()> {
        let began = Instant::now();
        let on_progress = |text: &str| self.printer.talk(began.elapsed(), text);
        engine.wait_until_idle(&self.stack.name, on_progress).await
    }

    /// Observes everything that a plan depends on.
    pub(crate) async fn observe(&self, engine: &Engine) -> Result<Observed> {
        let observed = observe(engine, &self.http, &self.folder, &self.stack).await;
        explained(engine, observed).await
    }

    /// Returns the context for effects on the stack, on the engine of `operator`.
    pub(crate) fn context<'a>(&'a self, operator: &'a EngineWriter) -> StackContext<'a> {
        StackContext { operator, http: &self.http, stack: &self.stack, folder: &self.folder }
    }
}

/// Returns an outcome; if the engine is gone meanwhile, the error names that as the cause.
async fn explained<T>(engine: &Engine, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(done) => Ok(done),
        Err(error) => Err(engine.explain(error).await),
    }
}
