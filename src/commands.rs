//! The commands, one file each, and the dispatcher.

pub(crate) mod alerts;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod dashboards;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod drill;
pub(crate) mod init;
pub(crate) mod logs;
pub(crate) mod plan;
pub(crate) mod restore;
pub(crate) mod status;
pub(crate) mod support_bundle;
pub(crate) mod up;
pub(crate) mod version;

use std::time::Duration;

use tokio::time::timeout;

use crate::cli::{Command, GlobalArgs};
use crate::config::settings::{OutputFormat, ProgressFormat};
use crate::error::{Error, Result};
use crate::output::Printer;
use crate::services;
use crate::session::diagnostics::Kept;
use crate::session::environment::environment;
use crate::session::password::PasswordPolicy;
use crate::session::signals::interrupted;
use crate::session::{Exit, Session};

/// The time limit for the release of the lock at the end; another program also detects that this one has ended.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// Runs a verb, and returns its outcome, the format of results, and the diagnostics.
pub(crate) async fn run(command: Command, global: GlobalArgs) -> (Result<Exit>, OutputFormat, Option<Kept>) {
    let requested = global.output();
    // Works even if the settings are invalid.
    if let Command::Version(_) = command {
        return (
            Ok(version::run(&Printer::new(requested, ProgressFormat::default(), false, environment))),
            requested,
            None,
        );
    }
    let verb = match command {
        Command::Up(_) => Some("up"),
        Command::Down(_) => Some("down"),
        Command::Drill(_) => Some("drill"),
        Command::Demo(ref args) if args.imports_history() => Some("demo --history"),
        _ => None,
    };
    let layer = global.into_layer(&services::names(), environment);
    let output = layer.as_ref().ok().and_then(|layer| layer.output).unwrap_or(requested);
    let session = async { Session::new(layer?, wish(&command), verb).await };
    match session.await {
        Ok(session) => {
            let outcome = Box::pin(run_in(&session, command)).await;
            // An interrupt ends the work at once, and leaves the lock.
            drop(timeout(LAST_MOMENT, session.unlock()).await);
            let kept = session.keep(&outcome).await;
            (outcome, session.settings.output, kept)
        }
        Err(error) => (Err(error), output, None),
    }
}

fn wish(command: &Command) -> PasswordPolicy {
    match command {
        Command::Up(args) => PasswordPolicy { twice: true, make: args.password_to_make() },
        _ => PasswordPolicy { twice: false, make: None },
    }
}

async fn run_in(session: &Session, command: Command) -> Result<Exit> {
    // These commands clean up after an interrupt.
    let handles_interrupts =
        matches!(command, Command::Demo(_) | Command::Drill(_) | Command::Backup(_) | Command::Restore(_));
    // These run until an interrupt, which is not an error.
    let is_endless = match &command {
        Command::Status(args) => args.is_endless(),
        Command::Logs(args) => args.is_endless(),
        _ => false,
    };
    let work = async {
        match command {
            Command::Up(args) => up::run(&args, session).await,
            Command::Status(args) => status::run(&args, session).await,
            Command::Down(args) => down::run(&args, session).await,
            Command::Plan(args) => plan::run(&args, session).await,
            Command::Init(args) => init::run(&args, session).await,
            Command::Check(_) => check::run(session).await,
            Command::Logs(args) => logs::run(args, session).await,
            Command::Demo(args) => demo::run(&args, session, interrupted()).await,
            Command::Alerts(args) => alerts::run(&args, session).await,
            Command::Doctor(args) => doctor::run(&args, session).await,
            Command::Dashboards(args) => dashboards::run(&args, session).await,
            Command::SupportBundle(args) => support_bundle::run(&args, session).await,
            Command::Drill(args) => Box::pin(drill::run(&args, session, interrupted())).await,
            Command::Backup(args) => backup::run(&args, session, interrupted()).await,
            Command::Restore(args) => restore::run(&args, session, interrupted()).await,
            Command::Version(_) => Ok(version::run(&session.printer)),
        }
    };
    tokio::select! {
        result = work => result,
        () = interrupted(), if !handles_interrupts => {
            if is_endless { Ok(Exit::Interrupted) } else { Err(Error::Interrupted) }
        }
    }
}
