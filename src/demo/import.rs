//! Imports a history into the running Prometheus: a helper container creates the blocks, and a restart loads
//! them.
//!
//! Does not change existing data: a history ends before the first sample in Prometheus. The blocks are moved
//! into the data folder only when all of them exist, so an import is complete or has no effect.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Simulation;
use super::history::{self, STEP, Sources, Span};
use super::recording::Configuration;
use crate::context::StackContext;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::http::Http;
use crate::model::observed::Container;
use crate::model::stack::{Service, Stack};
use crate::observe::{base, reaches_running};

/// The longest window of the rules. A history starts earlier by this time, so its first visible values are
/// complete.
const WINDOW: Duration = Duration::from_mins(5);
/// The folder of the import's files in its container.
const FOLDER: &str = "/history";
/// The time for Prometheus to become ready after the restart: one or two seconds, more for a large
/// write-ahead log.
const PATIENCE: Duration = Duration::from_mins(2);

/// A generated history, and the Prometheus that it is for.
#[derive(Debug)]
pub struct Prepared<'a> {
    context: StackContext<'a>,
    service: &'a Service,
    container: Container,
    url: String,
    files: Vec<(String, String)>,
    report: ImportReport,
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct ImportReport {
    /// The start of the history, in Unix seconds.
    pub begin: u64,
    /// The end of the history, in Unix seconds.
    pub end: u64,
    /// The number of series, without those of recording rules.
    pub series: usize,
    /// The number of samples of these series.
    pub samples: usize,
    /// The duration of the simulation, in seconds.
    pub simulated: f64,
    /// The time to create and move the blocks, in seconds.
    pub imported: f64,
    /// The downtime of Prometheus, in seconds.
    pub restarted: f64,
}

/// The result of the preparation.
#[derive(Debug)]
pub enum Preparation<'a> {
    /// A history to import.
    Made(Box<Prepared<'a>>),
    /// Nothing to import: Prometheus already has samples since this time, in Unix seconds.
    AlreadyThere(u64),
}

impl<'a> Prepared<'a> {
    /// Generates the history from `length` before now until the first sample in Prometheus.
    pub async fn prepare(
        context: StackContext<'a>,
        simulation: &mut Simulation,
        length: Duration,
    ) -> Result<Preparation<'a>> {
        let StackContext { stack, http, .. } = context;
        let engine = context.engine();
        let objects = engine.inventory(&stack.name).await?.objects;
        reaches_running(engine, &objects)?;
        let missing = |service| missing(stack, service);
        let address = |service| base(&objects, service, engine).ok_or_else(|| missing(service));
        let url = address("prometheus")?;
        let exporter = format!("{}/metrics", address("node-exporter")?);
        let service = stack.service("prometheus").ok_or_else(|| missing("prometheus"))?;
        let container = objects.containers.get(service.name).ok_or_else(|| missing(service.name))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let first = read_first_sample(http, &url).await?;
        let Some(span) = span(now, length, first) else {
            return Ok(Preparation::AlreadyThere(first.unwrap_or(now)));
        };
        let folder = service.config.as_ref().map_or("", |config| config.folder);
        let (delivered, host) = tokio::try_join!(engine.files(&container.id, folder), http.page(&exporter))?;
        let configuration = Configuration::read(&delivered).map_err(|error| Error::History {
            reason: format!("cannot read the configuration of the running Prometheus: {error}"),
            log: Vec::new(),
        })?;
        let began = Instant::now();
        let sources = Sources { jobs: &configuration.jobs, host: &host, now };
        let past = history::live_through(simulation, span, sources);
        let report = ImportReport {
            begin: span.begin,
            end: span.end,
            series: past.series,
            samples: past.samples,
            simulated: began.elapsed().as_secs_f64(),
            ..ImportReport::default()
        };
        Ok(Preparation::Made(Box::new(Self {
            context,
            service,
            container: container.clone(),
            url,
            files: files(past.text, configuration.levels),
            report,
        })))
    }

    /// Imports the history, and returns when Prometheus shows it.
    pub async fn import(self) -> Result<ImportReport> {
        let StackContext { operator, http, stack, .. } = self.context;
        let mut report = self.report;
        let began = Instant::now();
        let (first, last) = (report.begin.to_string(), report.end.to_string());
        let command = ["sh", "/history/import.sh", &first, &last];
        let volume = self.service.data_volume().unwrap_or_default();
        let output = operator
            .run_over_volume(
                &stack.name,
                &self.container.image,
                &command,
                (FOLDER, &self.files),
                (volume, "/prometheus"),
            )
            .await?;
        if output.exit_code != 0 {
            let reason = format!("the import script exited with code {}", output.exit_code);
            return Err(Error::History { reason, log: output.lines });
        }
        report.imported = began.elapsed().as_secs_f64();
        let began = Instant::now();
        operator.restart(&self.container.id, self.service.stop_seconds).await?;
        Waiter::new(self.context, PATIENCE).ready(self.service, |_| {}).await?;
        report.restarted = began.elapsed().as_secs_f64();
        match read_first_sample(http, &self.url).await? {
            Some(first) if first < report.begin + STEP => Ok(report),
            first => {
                let reason = format!(
                    "the first sample of the restarted Prometheus is at {first:?}, so the history is missing"
                );
                Err(Error::History { reason, log: operator.engine().last_lines(&self.container.id).await })
            }
        }
    }
}

fn missing(stack: &Stack, service: &str) -> Error {
    let container = stack.container(service);
    Error::Problems(vec![format!("`{container}` is not running, but `--history` needs a running stack")])
}

/// Returns the time of the first sample in Prometheus, in Unix seconds, or `None` for an empty one.
async fn read_first_sample(http: &Http, url: &str) -> Result<Option<u64>> {
    let page = http.page(&format!("{url}/metrics")).await?;
    Ok(first_sample(&page))
}

/// Returns the files of an import: the script, the samples and the rules.
fn files(samples: String, levels: Vec<String>) -> Vec<(String, String)> {
    let mut files = vec![
        ("import.sh".to_string(), include_str!("import.sh").to_string()),
        // Prometheus requires a configuration file, which may be empty.
        ("empty.yml".to_string(), String::new()),
        ("samples.om".to_string(), samples),
    ];
    // Two digits, since the shell sorts the names alphabetically.
    let named = |(level, rules): (usize, String)| (format!("rules-{level:02}.yml"), rules);
    files.extend(levels.into_iter().enumerate().map(named));
    files
}

/// Returns the period of the history, or `None` if Prometheus has samples for all of `length`.
///
/// It ends before the first sample, and starts one [`WINDOW`] earlier than requested.
fn span(now: u64, length: Duration, first: Option<u64>) -> Option<Span> {
    let wanted = now.saturating_sub(length.as_secs());
    let end = first.map_or(now, |first| first.min(now)).saturating_sub(1);
    let begin = wanted.saturating_sub(WINDOW.as_secs());
    (wanted + STEP < end).then_some(Span { begin, end })
}

/// Returns the time of the first sample from the metrics of Prometheus, in Unix seconds. Prometheus without
/// samples reports the epoch or a time far in the future, which gives `None`.
fn first_sample(page: &str) -> Option<u64> {
    let line = page.lines().find_map(|line| line.strip_prefix("prometheus_tsdb_lowest_timestamp_seconds "));
    let seconds: f64 = line?.trim().parse().ok()?;
    let is_sample = seconds > 0.0 && seconds < 1e11;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    is_sample.then_some(seconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const HOURS: Duration = Duration::from_hours(2);

    #[test]
    fn history_ends_before_first_sample_and_starts_early() {
        let begin = NOW - 7200 - 300;
        assert_eq!(span(NOW, HOURS, None), Some(Span { begin, end: NOW - 1 }));
        assert_eq!(span(NOW, HOURS, Some(NOW - 40)), Some(Span { begin, end: NOW - 41 }));
        // The engine's clock may be ahead.
        assert_eq!(span(NOW, HOURS, Some(NOW + 40)), Some(Span { begin, end: NOW - 1 }));
    }

    #[test]
    fn existing_history_is_not_imported_again() {
        let first = span(NOW, HOURS, None).unwrap();
        assert_eq!(span(NOW + 10, HOURS, Some(first.begin)), None);
        assert_eq!(span(NOW, HOURS, Some(NOW - 7200)), None);
    }

    #[test]
    fn empty_prometheus_has_no_first_sample() {
        let page =
            |value: &str| format!("# TYPE a gauge\nprometheus_tsdb_lowest_timestamp_seconds {value}\n");
        assert_eq!(first_sample(&page("9.223372036854776e+15")), None);
        assert_eq!(first_sample(&page("0")), None);
        assert_eq!(first_sample(&page("1.795505402327e+09")), Some(1_795_505_402));
        assert_eq!(first_sample("up 1\n"), None);
    }
}
