//! The verbs, one file each, and what they share: the session they work in.

pub(crate) mod alerts;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod dashboards;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod drill;
pub(crate) mod evidence;
pub(crate) mod init;
pub(crate) mod logs;
mod overtaken;
mod password;
pub(crate) mod plan;
pub(crate) mod restore;
pub(crate) mod status;
pub(crate) mod support_bundle;
pub(crate) mod up;
pub(crate) mod version;

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use evidence::{Case, Kept, Record};

use crate::apply::{Applied, Applier};
use crate::backup::{Archivist, Interrupt, unless};
use crate::cli::{Command, GlobalArgs};
use crate::endpoint::{self, Asked};
use crate::engine::{Engine, Lock, Queue};
use crate::error::{Error, Result};
use crate::event;
use crate::files::Folder;
use crate::http::Http;
use crate::observe::observe;
use crate::observed::{Objects, Observed};
use crate::plan::Plan;
use crate::proof::{Application, Proof};
use crate::ready::Waiter;
use crate::render::{self, Timings};
use crate::services;
use crate::settings::{Output, PasswordSource, Settings};
use crate::stack::Stack;

use password::Wish;

/// Longer than any change takes; one that hangs is not waited for in vain.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// How long the lock is released for after an interrupt; another program finds out by itself.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// How long each service is waited for when a change is taken back.
const LONGEST_WAY_BACK: Duration = Duration::from_secs(30);

/// How a verb ended that did not fail before it could say anything.
#[derive(Debug)]
pub(crate) enum Exit {
    /// The asked state is reached.
    Reached,
    /// It is not, as the printed result says itself.
    Amiss,
    /// Changes are pending, and the exit code shall say so.
    ChangesPending,
    /// The result is printed already; this is what is wrong with it.
    Reported(Error),
}

/// What every verb works with.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) stack: Stack,
    pub(crate) folder: Folder,
    pub(crate) http: Http,
    pub(crate) case: Case,
    /// The lock, while work is done under it.
    held: Cell<Option<Lock>>,
}

/// How long and for what a verb waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
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
    pub(crate) proof: Option<Result<Proof>>,
}

impl Done {
    /// Adds what a further plan came to.
    pub(crate) fn extend(&mut self, further: Self) {
        self.timings.extend(further.timings);
        self.proof = further.proof.or(self.proof.take());
    }
}

/// Runs a verb, and returns how it ended, the form in which results were asked for, and where evidence is.
pub(crate) async fn run(command: Command, global: GlobalArgs) -> (Result<Exit>, Output, Option<Kept>) {
    let asked = global.output();
    // It must work where the settings are wrong.
    if let Command::Version(_) = command {
        return (Ok(version::run(asked)), asked, None);
    }
    let verb = match command {
        Command::Up(_) => Some("up"),
        Command::Down(_) => Some("down"),
        Command::Drill(_) => Some("drill"),
        Command::Demo(ref args) if args.makes_a_past() => Some("demo --history"),
        _ => None,
    };
    match Session::new(global, wish(&command), verb).await {
        Ok(session) => {
            let outcome = Box::pin(run_in(&session, command)).await;
            // An interrupt ends the work at once, and leaves the lock.
            drop(timeout(LAST_MOMENT, session.unlock()).await);
            let kept = session.keep(&outcome).await;
            (outcome, session.settings.output, kept)
        }
        Err(error) => (Err(error), asked, None),
    }
}

fn wish(command: &Command) -> Wish {
    match command {
        Command::Up(args) => Wish { twice: true, make: args.password_to_make() },
        _ => Wish { twice: false, make: None },
    }
}

async fn run_in(session: &Session, command: Command) -> Result<Exit> {
    // An interrupt is a demo's end and no failure, and the others put back what they changed.
    let sees_to_interrupts =
        matches!(command, Command::Demo(_) | Command::Drill(_) | Command::Backup(_) | Command::Restore(_));
    let work = async {
        match command {
            Command::Up(args) => up::run(&args, session).await,
            Command::Status(args) => status::run(&args, session).await,
            Command::Down(args) => down::run(&args, session).await,
            Command::Plan(args) => plan::run(&args, session).await,
            Command::Init(args) => init::run(&args, session).await,
            Command::Check(_) => check::run(session).await,
            Command::Logs(args) => logs::run(&args, session).await,
            Command::Demo(args) => demo::run(&args, session, interrupted()).await,
            Command::Alerts(args) => alerts::run(&args, session).await,
            Command::Doctor(args) => doctor::run(&args, session).await,
            Command::Dashboards(args) => dashboards::run(&args, session).await,
            Command::SupportBundle(args) => support_bundle::run(&args, session).await,
            Command::Drill(args) => Box::pin(drill::run(&args, session, interrupted())).await,
            Command::Backup(args) => backup::run(&args, session, interrupted()).await,
            Command::Restore(args) => restore::run(&args, session, interrupted()).await,
            Command::Version(_) => Ok(version::run(session.settings.output)),
        }
    };
    tokio::select! {
        result = work => result,
        () = interrupted(), if !sees_to_interrupts => Err(Error::Interrupted),
    }
}

/// Ends when the user or the system asks the program to end.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the system ends the program itself.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

impl Session {
    async fn new(global: GlobalArgs, wish: Wish, verb: Option<&'static str>) -> Result<Self> {
        let services = services::names();
        let mut layer = global.into_layer(&services, environment)?;
        let stack = layer.checked_stack(&services)?.to_string();
        let password = password::find(layer.grafana_password.take(), &stack, wish, environment).await?;
        layer.grafana_password = Some(PasswordSource::Known(password));
        let settings = Settings::resolve(layer, &services)?;
        Ok(Self {
            stack: services::assemble(&settings),
            folder: Folder::at(settings.config_folder()),
            http: Http::new()?,
            case: Case::of(verb),
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
    pub(crate) async fn settled(&self, engine: &Engine) -> Result<()> {
        let began = Instant::now();
        let told = |text: &str| render::talk(self.settings.progress, began.elapsed(), text);
        engine.settled(&self.stack.name, told).await
    }

    /// Looks at everything that a plan depends on.
    pub(crate) async fn observe(&self, engine: &Engine) -> Result<Observed> {
        let observed = observe(engine, &self.http, &self.folder, &self.stack).await;
        explained(engine, observed).await
    }

    /// Applies a plan while showing its progress; where it fails, what ran before is brought back.
    pub(crate) async fn apply(&self, engine: &Engine, plan: &Plan, patience: Patience) -> Result<Done> {
        let (applied, timings, record) = self.walk(engine, plan, patience).await;
        let Some(failure) = applied.failure else { return Ok(Done { timings, proof: applied.proof }) };
        let failure = engine.explain(failure).await;
        // What failed is removed when it is taken back.
        self.gather(engine, plan, record).await;
        // Nobody is there who could take anything back; the next `up` finds all of it.
        if matches!(failure, Error::EngineLost { .. }) {
            return Err(failure);
        }
        if engine.lock_loss().is_some() {
            return Err(self.unlocked(engine, failure, plan.summary(&applied.done)));
        }
        let (back, services) = plan.take_back(&applied.begun);
        if back.is_empty() {
            return Err(failure);
        }
        let taken = timings.0.iter().map(|timing| timing.began + timing.took).max().unwrap_or_default();
        render::talk(
            self.settings.progress,
            taken,
            &format!("taking the change back: {}", services.join(", ")),
        );
        let failure = Box::new(failure);
        // What served a moment ago needs no long wait to serve again.
        let patience = Patience { each: patience.each.min(LONGEST_WAY_BACK), ..patience };
        match self.walk(engine, &back, patience).await.0.failure {
            None => Err(Error::TakenBack { failure, services }),
            Some(second) => Err(Error::NotTakenBack { failure, services, second: Box::new(second) }),
        }
    }

    /// Does work that changes the stack while nobody else changes it; `objects` tell what can hold it.
    pub(crate) async fn alone<T>(
        &self,
        engine: &Engine,
        objects: &Objects,
        verb: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        // Without an image no stack can have been made, and none is about to be.
        let Some(image) = engine.some_image(objects, &self.stack).await? else { return work.await };
        let began = Instant::now();
        let waiting = |holder: &str| {
            let text = format!("waiting for {holder} to finish with stack `{}`", self.stack.name);
            render::talk(self.settings.progress, began.elapsed(), &text);
        };
        let locked = engine.operator().lock(&self.stack, &image, verb, self.queue(), waiting).await;
        self.held.set(Some(explained(engine, locked).await?));
        let result = work.await;
        let result = match result {
            Err(error) if engine.lock_loss().is_some() => Err(self.unlocked(engine, error, Vec::new())),
            result => result,
        };
        if !matches!(result, Err(Error::EngineLost { .. })) {
            self.unlock().await;
        }
        result
    }

    /// Releases the lock, where it is held; where that fails, others find out that this program has ended.
    async fn unlock(&self) {
        if let Some(lock) = self.held.take() {
            drop(lock.release().await);
        }
    }

    /// Returns the failure of work whose lock was lost.
    fn unlocked(&self, engine: &Engine, failure: Error, done: Vec<String>) -> Error {
        match (failure, engine.lock_loss()) {
            (Error::LockLost { stack, loss, done: none, source }, _) if none.is_empty() => {
                Error::LockLost { stack, loss, done, source }
            }
            (failure @ Error::LockLost { .. }, _) | (failure, None) => failure,
            (failure, Some(loss)) => {
                Error::LockLost { stack: self.stack.name.clone(), loss, done, source: Some(failure.into()) }
            }
        }
    }

    /// Removes the lock of a program that was killed, where nothing else is to be done; returns whether there was one.
    pub(crate) async fn sweep(&self, engine: &Engine, objects: &Objects) -> Result<bool> {
        if objects.has_lock { engine.operator().sweep_lock(&self.stack).await } else { Ok(false) }
    }

    /// Does work on the data of the stack while nobody else changes it. An interrupt ends the wait for that; what has
    /// begun sees to interrupts itself.
    pub(crate) async fn archive<T>(
        &self,
        verb: &str,
        interrupted: &Interrupt,
        work: impl AsyncFnOnce(Archivist<'_>) -> Result<T>,
    ) -> Result<T> {
        let engine = unless(interrupted, self.engine()).await?;
        let inventory = unless(interrupted, engine.inventory(&self.stack.name)).await?;
        let operator = engine.operator();
        let archivist =
            Archivist { operator: &operator, http: &self.http, stack: &self.stack, folder: &self.folder };
        let has_begun = Cell::new(false);
        let work = async {
            has_begun.set(true);
            work(archivist).await
        };
        let given_up = async {
            interrupted.clone().await;
            if has_begun.get() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            outcome = self.alone(&engine, &inventory.objects, verb, work) => outcome,
            () = given_up => Err(Error::Interrupted),
        }
    }

    fn queue(&self) -> Queue {
        if self.settings.no_wait { Queue::Fail } else { Queue::Wait(LONGEST_WAIT) }
    }

    async fn walk(&self, engine: &Engine, plan: &Plan, patience: Patience) -> (Applied, Timings, Record) {
        let operator = engine.operator();
        let (events, inbox) = event::channel();
        let applier = Applier {
            operator: &operator,
            http: &self.http,
            stack: &self.stack,
            folder: &self.folder,
            patience: patience.each,
            application: patience.application,
            events,
        };
        let mut timings = Timings::default();
        let shown = async |inbox| timings = render::display(self.settings.progress, plan, inbox).await;
        let tee = Record::tee(inbox, shown);
        // The channel closes with the applier, and the display ends with the channel.
        let work = async move { applier.apply(plan).await };
        let (walked, record) = tokio::join!(work, tee);
        (walked, timings, record)
    }

    /// Returns what waits for services outside a plan.
    pub(crate) fn waiter<'a>(&'a self, engine: &'a Engine, patience: Patience) -> Waiter<'a> {
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
        self.settings.output == Output::Json
    }
}

/// Returns what came of something, with an engine that has gone meanwhile named as the cause.
async fn explained<T>(engine: &Engine, outcome: Result<T>) -> Result<T> {
    match outcome {
        Ok(done) => Ok(done),
        Err(error) => Err(engine.explain(error).await),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads Docker's own variables")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
