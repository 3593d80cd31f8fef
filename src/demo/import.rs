//! Puts a past into the running Prometheus: blocks of its own tools, made beside it, and one restart to show them.
//!
//! Never touches what Prometheus holds already: a past ends before the first sample that is there. Nothing is moved
//! into its data before all of it is made, so an import is there in whole or not at all.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::Instant as Moment;

use super::Simulation;
use super::history::{self, STEP, Sources, Span};
use super::recording::Configuration;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::http::Http;
use crate::model::observed::{Container, Objects};
use crate::model::stack::{Service, Stack};
use crate::observe::{base, reaches_running};

/// The longest window of the rules: so much earlier a past begins, that its first values are whole.
const WINDOW: Duration = Duration::from_mins(5);
/// Where the files of an import lie in its own container.
const FOLDER: &str = "/history";
/// A restart takes a second or two; replaying a large log takes longer.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a past is put into.
#[derive(Clone, Debug)]
pub struct Importer<'a> {
    /// The engine.
    pub engine: Engine,
    /// The HTTP client.
    pub http: &'a Http,
    /// The stack.
    pub stack: &'a Stack,
}

/// A past that is made, and what it goes into.
#[derive(Debug)]
pub struct Prepared<'a> {
    importer: Importer<'a>,
    service: &'a Service,
    container: Container,
    url: String,
    files: Vec<(String, String)>,
    report: ImportReport,
}

/// What an import did, and how long it took.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct ImportReport {
    /// The first and the last second, of the Unix epoch.
    pub begin: u64,
    /// The last second.
    pub end: u64,
    /// How many series there are, those of recording rules not counted.
    pub series: usize,
    /// How many samples they have.
    pub samples: usize,
    /// How long living through it took, in seconds.
    pub simulated: f64,
    /// How long making and moving the blocks took, in seconds.
    pub imported: f64,
    /// How long Prometheus was away, in seconds.
    pub restarted: f64,
}

/// Whether there is a past to make.
#[derive(Debug)]
pub enum Preparation<'a> {
    /// Yes, and here it is.
    Made(Box<Prepared<'a>>),
    /// No: Prometheus holds samples since that second of the Unix epoch, which is as early as was asked for.
    AlreadyThere(u64),
}

impl<'a> Importer<'a> {
    /// Lives through the time before Prometheus' first sample, as much as lies within `length` before now.
    pub async fn prepare(&self, simulation: &mut Simulation, length: Duration) -> Result<Preparation<'a>> {
        let objects = self.engine.inventory(&self.stack.name).await?.objects;
        reaches_running(&self.engine, &objects)?;
        let url = self.address(&objects, "prometheus")?;
        let exporter = format!("{}/metrics", self.address(&objects, "node-exporter")?);
        let service = self.stack.service("prometheus").ok_or_else(|| self.missing("prometheus"))?;
        let container = objects.containers.get(service.name).ok_or_else(|| self.missing(service.name))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let first = self.first_sample(&url).await?;
        let Some(span) = span(now, length, first) else {
            return Ok(Preparation::AlreadyThere(first.unwrap_or(now)));
        };
        let folder = service.config.as_ref().map_or("", |config| config.folder);
        let (delivered, host) =
            tokio::try_join!(self.engine.files(&container.id, folder), self.http.page(&exporter))?;
        let configuration = Configuration::read(&delivered).map_err(|error| Error::History {
            reason: format!("the configuration that Prometheus runs with cannot be read: {error}"),
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
        Ok(Preparation::Made(Box::new(Prepared {
            importer: self.clone(),
            service,
            container: container.clone(),
            url,
            files: files(past.text, configuration.levels),
            report,
        })))
    }

    fn address(&self, objects: &Objects, service: &str) -> Result<String> {
        base(objects, service, &self.engine).ok_or_else(|| self.missing(service))
    }

    fn missing(&self, service: &str) -> Error {
        let container = self.stack.container(service);
        Error::Problems(vec![format!("`{container}` does not run, and a history goes into a running stack")])
    }

    /// Returns when Prometheus' first sample was taken, `None` where it has none.
    async fn first_sample(&self, url: &str) -> Result<Option<u64>> {
        let page = self.http.page(&format!("{url}/metrics")).await?;
        Ok(first_sample(&page))
    }
}

impl Prepared<'_> {
    /// Puts the past into Prometheus and returns when it is to be seen there.
    pub async fn import(self) -> Result<ImportReport> {
        let Importer { engine, http, stack } = &self.importer;
        let mut report = self.report;
        let began = Instant::now();
        let operator = engine.operator();
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
            let reason = format!("the tools of Prometheus ended with code {}", output.exit_code);
            return Err(Error::History { reason, log: output.lines });
        }
        report.imported = began.elapsed().as_secs_f64();
        let began = Instant::now();
        operator.restart(&self.container.id, self.service.stop_seconds).await?;
        let waiter = Waiter { engine, http, stack, deadline: Moment::now() + PATIENCE, patience: PATIENCE };
        waiter.ready(self.service, |_| {}).await?;
        report.restarted = began.elapsed().as_secs_f64();
        match self.importer.first_sample(&self.url).await? {
            Some(first) if first < report.begin + STEP => Ok(report),
            first => {
                let reason = format!("after its restart, Prometheus' first sample is of {first:?}");
                Err(Error::History { reason, log: engine.last_lines(&self.container.id).await })
            }
        }
    }
}

/// Returns the files of an import: what is done, and what it is done with.
fn files(samples: String, levels: Vec<String>) -> Vec<(String, String)> {
    let mut files = vec![
        ("import.sh".to_string(), include_str!("import.sh").to_string()),
        // Prometheus takes no less than a file.
        ("empty.yml".to_string(), String::new()),
        ("samples.om".to_string(), samples),
    ];
    // Two digits: the shell sorts by letters.
    let named = |(level, rules): (usize, String)| (format!("rules-{level:02}.yml"), rules);
    files.extend(levels.into_iter().enumerate().map(named));
    files
}

/// Returns the span to live through: up to the first sample, in steps from there, and a window more than asked for.
fn span(now: u64, length: Duration, first: Option<u64>) -> Option<Span> {
    let wanted = now.saturating_sub(length.as_secs());
    let end = first.map_or(now, |first| first.min(now)).saturating_sub(1);
    let begin = wanted.saturating_sub(WINDOW.as_secs());
    (wanted + STEP < end).then_some(Span { begin, end })
}

/// Finds the first sample's second in Prometheus' own metrics; far in the future or at the epoch means that there is
/// none yet.
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
    fn a_past_ends_before_the_first_sample_and_begins_a_window_early() {
        let begin = NOW - 7200 - 300;
        assert_eq!(span(NOW, HOURS, None), Some(Span { begin, end: NOW - 1 }));
        assert_eq!(span(NOW, HOURS, Some(NOW - 40)), Some(Span { begin, end: NOW - 41 }));
        // The engine's clock may be ahead.
        assert_eq!(span(NOW, HOURS, Some(NOW + 40)), Some(Span { begin, end: NOW - 1 }));
    }

    #[test]
    fn nothing_is_made_twice() {
        let first = span(NOW, HOURS, None).unwrap();
        assert_eq!(span(NOW + 10, HOURS, Some(first.begin)), None);
        assert_eq!(span(NOW, HOURS, Some(NOW - 7200)), None);
    }

    #[test]
    fn an_empty_prometheus_has_no_first_sample() {
        let page =
            |value: &str| format!("# TYPE a gauge\nprometheus_tsdb_lowest_timestamp_seconds {value}\n");
        assert_eq!(first_sample(&page("9.223372036854776e+15")), None);
        assert_eq!(first_sample(&page("0")), None);
        assert_eq!(first_sample(&page("1.795505402327e+09")), Some(1_795_505_402));
        assert_eq!(first_sample("up 1\n"), None);
    }
}
