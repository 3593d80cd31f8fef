//! `tdd-stack check`

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use crate::config::check_output::{self, Checked};
use crate::config::dashboard;
use crate::config::validate;
use crate::engine::{Engine, EngineWriter};
use crate::error::{ConfigFault, Error, Result};
use crate::model::stack::{CheckCommand, Service, ServiceConfig};
use crate::model::verification::Application;
use crate::output::CheckReport;
use crate::plan;
use crate::session::{Exit, Session, WaitOptions};

/// Check the configuration files with the real promtool and amtool
///
/// Runs them out of the stack's own images, in containers that are removed at once, and pulls an image that is
/// not there. Names file, line and reason of each fault.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(session: &Session) -> Result<Exit> {
    let engine = session.engine().await?;
    let operator = engine.operator();
    let services: Vec<(&Service, &ServiceConfig)> = session
        .stack
        .services
        .iter()
        .filter_map(|service| Some((service, service.config.as_ref()?)))
        .collect();
    pull_missing(session, &engine, &services).await?;
    let services = services.into_iter();
    let by_service =
        join_all(services.map(|(service, config)| check_service(session, &operator, service, config)));
    let by_service: Result<Vec<Vec<CheckReport>>> = by_service.await.into_iter().collect();
    let mut reports: Vec<CheckReport> = by_service?.into_iter().flatten().collect();
    for wanted in &session.stack.dashboards {
        let text = content(session, wanted.file)?;
        let found = dashboard::parse(&text, wanted.uid).err().unwrap_or_default();
        let path = session.folder.path().join(wanted.file);
        let faults = found.into_iter().map(|fault| fault.in_file(path.clone())).collect();
        reports.push(CheckReport {
            title: format!("dashboard {}", wanted.uid),
            files: vec![wanted.file],
            faults,
        });
    }
    session.printer.checks(&session.stack.name, &reports);
    let mut faults: Vec<ConfigFault> = Vec::new();
    for fault in reports.into_iter().flat_map(|report| report.faults) {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    Ok(if faults.is_empty() { Exit::Reached } else { Exit::Reported(Error::Faults(faults)) })
}

/// Pulls the images that are not there, and shows how far that is.
async fn pull_missing(
    session: &Session,
    engine: &Engine,
    services: &[(&Service, &ServiceConfig)],
) -> Result<()> {
    let mut missing = Vec::new();
    for (service, _) in services {
        if engine.image_id(&service.image.to_string()).await?.is_none() {
            missing.push(*service);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let patience = WaitOptions { each: Duration::ZERO, application: Application::Reported };
    session.apply(engine, &plan::pull(missing), patience).await.map(drop)
}

async fn check_service(
    session: &Session,
    operator: &EngineWriter,
    service: &Service,
    config: &ServiceConfig,
) -> Result<Vec<CheckReport>> {
    let image = service.image.to_string();
    let files = read(session, config)?;
    // All to their ends: one that is broken off would leave its container.
    let checks =
        config.checks.iter().map(|check| check_files(session, operator, &image, (config, &files), check));
    join_all(checks).await.into_iter().collect()
}

/// A file's content, and why no tool may see it.
type CheckedText = (String, Option<ConfigFault>);

/// Returns the files that the checks read, by name.
fn read(session: &Session, config: &ServiceConfig) -> Result<BTreeMap<&'static str, CheckedText>> {
    let names = config.files.iter().chain(config.checks.iter().flat_map(|check| &check.extra_files));
    let read = |name: &&'static str| {
        let text = content(session, name)?;
        let fault = validate::fault(name, &text).map(|found| found.in_file(session.folder.path().join(name)));
        Ok((*name, (text, fault)))
    };
    names.map(read).collect()
}

async fn check_files(
    session: &Session,
    operator: &EngineWriter,
    image: &str,
    (config, read): (&ServiceConfig, &BTreeMap<&'static str, CheckedText>),
    check: &CheckCommand,
) -> Result<CheckReport> {
    let names = config.files.iter().chain(&check.extra_files).copied();
    let report = |faults| CheckReport { title: check.title(), files: names.clone().collect(), faults };
    let wanted = names.clone().filter_map(|name| Some((name, read.get(name)?)));
    let unsound: Vec<ConfigFault> = wanted.clone().filter_map(|(_, (_, fault))| fault.clone()).collect();
    if !unsound.is_empty() {
        return Ok(report(unsound));
    }
    let files: Vec<(String, String)> =
        wanted.map(|(name, (text, _))| (name.to_string(), text.clone())).collect();
    let output = operator.check(&session.stack.name, image, &check.command, config.folder, &files).await?;
    let checked = Checked {
        folder: config.folder,
        seen_as: session.folder.path(),
        files: &files,
        main_file: check.main_file(),
    };
    Ok(report(check_output::faults(&output, checked)))
}

fn content(session: &Session, name: &'static str) -> Result<String> {
    session.stack.file(name).map_or_else(|| Ok(String::new()), |file| session.folder.content(file))
}
