//! Checks the configuration files with the tools of the services.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Exit, Session, WaitOptions};
use crate::config::check_output::{self, Checked};
use crate::config::dashboard;
use crate::config::validate;
use crate::engine::{Engine, EngineWriter};
use crate::error::{ConfigFault, Error, Result};
use crate::model::stack::{CheckCommand, Service, ServiceConfig};
use crate::model::verification::Application;
use crate::output::CheckReport;
use crate::plan;

/// The content of a file, and the error that keeps it from the tools.
type CheckedText = (String, Option<ConfigFault>);

impl Session {
    /// Checks all files and prints the errors.
    pub(crate) async fn check(&self) -> Result<Exit> {
        let engine = self.engine().await?;
        let operator = engine.operator();
        let services: Vec<(&Service, &ServiceConfig)> = self
            .stack
            .services
            .iter()
            .filter_map(|service| Some((service, service.config.as_ref()?)))
            .collect();
        self.pull_missing(&engine, &services).await?;
        let checks =
            services.into_iter().map(|(service, config)| self.check_service(&operator, service, config));
        let by_service: Result<Vec<Vec<CheckReport>>> = join_all(checks).await.into_iter().collect();
        let mut reports: Vec<CheckReport> = by_service?.into_iter().flatten().collect();
        for shipped in &self.stack.dashboards {
            let text = self.content(shipped.file)?;
            let path = self.folder.path().join(shipped.file);
            let found = dashboard::parse(&text, shipped.uid).err().unwrap_or_default();
            let faults = found.into_iter().map(|fault| fault.in_file(path.clone())).collect();
            reports.push(CheckReport {
                title: format!("dashboard {}", shipped.uid),
                files: vec![shipped.file],
                faults,
            });
        }
        self.printer.checks(&self.stack.name, &reports);
        let mut faults: Vec<ConfigFault> = Vec::new();
        for fault in reports.into_iter().flat_map(|report| report.faults) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        Ok(if faults.is_empty() { Exit::Reached } else { Exit::Reported(Error::Faults(faults)) })
    }

    /// Pulls missing images, and shows the progress.
    async fn pull_missing(&self, engine: &Engine, services: &[(&Service, &ServiceConfig)]) -> Result<()> {
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
        self.apply(engine, &plan::pull(missing), patience).await.map(drop)
    }

    async fn check_service(
        &self,
        operator: &EngineWriter,
        service: &Service,
        config: &ServiceConfig,
    ) -> Result<Vec<CheckReport>> {
        let image = service.image.to_string();
        let files = self.checked_texts(config)?;
        // All run to their end, because an aborted check would leave its container.
        let checks =
            config.checks.iter().map(|check| self.run_check(operator, &image, (config, &files), check));
        join_all(checks).await.into_iter().collect()
    }

    /// Returns the files that the checks read, by name.
    fn checked_texts(&self, config: &ServiceConfig) -> Result<BTreeMap<&'static str, CheckedText>> {
        let names = config.files.iter().chain(config.checks.iter().flat_map(|check| &check.extra_files));
        let read = |name: &&'static str| {
            let text = self.content(name)?;
            let fault =
                validate::fault(name, &text).map(|found| found.in_file(self.folder.path().join(name)));
            Ok((*name, (text, fault)))
        };
        names.map(read).collect()
    }

    async fn run_check(
        &self,
        operator: &EngineWriter,
        image: &str,
        (config, texts): (&ServiceConfig, &BTreeMap<&'static str, CheckedText>),
        check: &CheckCommand,
    ) -> Result<CheckReport> {
        let names = config.files.iter().chain(&check.extra_files).copied();
        let report = |faults| CheckReport { title: check.title(), files: names.clone().collect(), faults };
        let used =
            config.files.iter().chain(&check.extra_files).filter_map(|name| Some((*name, texts.get(name)?)));
        let invalid: Vec<ConfigFault> = used.clone().filter_map(|(_, (_, fault))| fault.clone()).collect();
        if !invalid.is_empty() {
            return Ok(report(invalid));
        }
        let files: Vec<(String, String)> =
            used.map(|(name, (text, _))| (name.to_string(), text.clone())).collect();
        let output = operator.check(&self.stack.name, image, &check.command, config.folder, &files).await?;
        let checked = Checked {
            folder: config.folder,
            seen_as: self.folder.path(),
            files: &files,
            main_file: check.main_file(),
        };
        let faults = check_output::faults(&output, checked);
        Ok(report(faults))
    }

    /// Returns the user's version of a file, or the shipped one if there is none.
    fn content(&self, name: &'static str) -> Result<String> {
        self.stack.file(name).map_or_else(|| Ok(String::new()), |file| self.folder.content(file))
    }
}
