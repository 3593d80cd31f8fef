//! `tdd-stack support-bundle`

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::deadline::within;
use crate::diagnostics::{self, Content};
use crate::error::{Error, FileAction, Result};
use crate::files;
use crate::output;
use crate::plan::{self, Request};
use crate::session::{Exit, Session};

/// The time limit for an observation of the stack.
const OBSERVED: Duration = Duration::from_secs(10);

/// Collect what is to be known of the stack into one file, without secrets
///
/// Also works if the engine is unreachable. Secrets can be missed: check the file before you send it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// New file to write [default: tdd-stack-support-STACK-TIME.tar.gz]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(crate) async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let moment = SystemTime::now();
    let name = diagnostics::name(&format!("tdd-stack-support-{}", session.stack.name), moment, None);
    let path = args.file.clone().unwrap_or_else(|| format!("{name}.tar.gz").into());
    if path.symlink_metadata().is_ok() {
        let reason = format!("`{}` already exists and is kept: use another name", path.display());
        return Err(Error::Usage { place: "support-bundle".into(), reason });
    }
    let engine = session.engine().await;
    let mut summary = format!(
        "support bundle\n\nstack      {}\nwhen       {}\ntdd-stack  {}\n",
        session.stack.name,
        humantime::format_rfc3339_seconds(moment),
        env!("CARGO_PKG_VERSION"),
    );
    let mut diagnostics = diagnostics::Diagnostics::default();
    match &engine {
        Ok(engine) => {
            summary.extend(["engine     ", &engine.versions(), "\n"]);
            match plan(session, engine).await {
                Ok(plan) => session.add_plan(&mut diagnostics, &plan),
                Err(error) => diagnostics.add("error.json", Content::Json(output::error_document(&error))),
            }
        }
        Err(error) => summary.extend(["\n", &output::error_text(error), "\n"]),
    }
    diagnostics.extend(session.collect(engine.as_ref().ok()).await);
    let files = diagnostics.finish(&summary, session.secrets());
    let packed = diagnostics::pack(&name, moment, &files).map_err(Error::file(FileAction::Pack, &path))?;
    files::write_new(&path, &packed)?;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    session.printer.bundle(&path, &names);
    Ok(Exit::Reached)
}

/// Returns the plan of `up`, within 10 seconds.
async fn plan(session: &Session, engine: &crate::engine::Engine) -> Result<plan::Plan> {
    let late = || Error::engine("observe the stack")(format!("no answer within {} s", OBSERVED.as_secs()));
    let observed = within(OBSERVED, session.observe(engine), late).await?;
    plan::up(&session.stack, &observed, Request::default())
}
