//! What the commands share: the session that they run in.

pub(crate) mod diagnostics;
pub(crate) mod environment;
mod lock;
pub(crate) mod password;
pub(crate) mod retry;
mod rollback;
pub(crate) mod signals;

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::settings::{Layer, OutputFormat, PasswordSource, Settings};
use crate::docker::endpoint::{self, Asked};
use crate::engine::{Engine, Lock};
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::files::ConfigFolder;
use crate::http::Http;
use crate::model::observed::Observed;
use crate::model::stack::Stack;
use crate::model::verification::{Application, Verification};
use crate::observe::observe;
use crate::output::{self, Timings};
use crate::services;

use diagnostics::FailureContext;
use environment::environment;
use password::PasswordPolicy;

/// How a verb ended that did not fail before it could say anything.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The asked state is reached.
    Reached,
    /// It is not, as the printed result says itself.
    Problems,
    /// Changes are pending, and the exit code shall say so.
    ChangesPending,
    /// The result is printed already; this is what is wrong with it.
    Reported(Error),
}

/// What every verb works with.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) stack: Stack,
    pub(crate) folder: ConfigFolder,
    pub(crate) http: Http,
    pub(crate) case: FailureContext,
    /// The lock, while work is done under it.
    held: Cell<Option<Lock>>,
}

/// How long and for what a verb waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitOptions {
    /// How long each service is waited for.
    pub(crate) each: Duration,
    /// Whether the user's application must be observed.
    pub(crate) application: Application,
}

/// What applying a plan came to.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Where the time went.
    pub(crate) timings: Timings,
    /// What the stack was seen to observe, where the plan waited for a proof.
    pub(crate) proof: Option<Result<Verification>>,
}

impl Done {
    /// Adds what a further plan came to.
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
            case: FailureContext::of(verb),
            held: Cell::default(),
            settings,
        })
    }

    /// Connects to the engine that the settings name.
    pub(crate) async fn engine(&self) -> Result<Engine> {
        let asked = Asked { host: self.settings.host.as_deref(), context: self.settings.context.as_deref() };
        let config_dir = endpoint::config_dir(environment);
        let endpoint = endpoint::find(asked, environment, config_dir.as_deref()).map_err(|error| {
            Error::EngineUnknown { is_usage: error.is_usage(), hint: error.hint(), source: error.into() }
        })?;
        let engine = Engine::connect(endpoint, config_dir).await?;
        self.case.saw(&engine);
        Ok(engine)
    }

    /// Waits until the engine has ended what a program had asked of it that was killed.
    pub(crate) async fn wait_until_idle(&self, engine: &Engine) -> Result<()> {
        let began = Instant::now();
        let told = |text: &str| output::talk(self.settings.progress, began.elapsed(), text);
        engine.wait_until_idle(&self.stack.name, told).await
    }

    /// Looks at everything that a plan depends on.
    pub(crate) async fn observe(&self, engine: &Engine) -> Result<Observed> {
        let observed = observe(engine, &self.http, &self.folder, &self.stack).await;
        explained(engine, observed).await
    }

    /// Returns what waits for services outside a plan.
    pub(crate) fn waiter<'a>(&'a self, engine: &'a Engine, patience: WaitOptions) -> Waiter<'a> {
        Waiter {
            engine,
            http: &self.http,
            stack: &self.stack,
            deadline: Instant::now() + patience.each,
            patience: patience.each,
        }
    }

    /// Returns whether results are asked for in JSON.
    pub(crate) fn json(&self) -> bool {
        self.settings.output == OutputFormat::Json
    }
}

/// Returns what came of something, with an engine that has gone meanwhile named as the cause.
async fn explained<T>(engine: &Engine, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(done) => Ok(done),
        Err(error) => Err(engine.explain(error).await),
    }
}
