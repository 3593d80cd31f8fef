//! Generates the history of the demo application as Prometheus would have scraped it.
//!
//! Text in, text out; `import` puts the result into Prometheus.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::metrics::Page;
use super::simulation::Simulation;

/// The interval of samples in seconds, equal to the scrape interval of the configuration.
pub(super) const STEP: u64 = 15;

/// The metrics of node-exporter that rules and panels read.
const HOST_METRICS: [&str; 5] = [
    "node_cpu_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
];

/// The value that is added to a counter before the host's last start, in seconds: an uptime of 30 days.
const EARLIER_LIFE: f64 = 30.0 * 86400.0;

/// A period in the past, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The time of the first sample.
    pub(super) begin: u64,
    /// The time of the last possible sample.
    pub(super) end: u64,
}

impl Span {
    /// Returns the times of the samples.
    pub(super) fn moments(self) -> impl Iterator<Item = u64> {
        (self.begin..=self.end).step_by(usize::try_from(STEP).unwrap_or(usize::MAX))
    }
}

/// The inputs of a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    /// The value of the label `instance` of each job.
    pub(super) jobs: &'a BTreeMap<String, String>,
    /// The current metrics of node-exporter.
    pub(super) host: &'a str,
    /// The current time, in Unix seconds.
    pub(super) now: u64,
}

/// A history that is ready for the import.
#[derive(Debug)]
pub(super) struct Past {
    /// All samples in the `OpenMetrics` text format, grouped by series.
    pub(super) text: String,
    /// The number of series.
    pub(super) series: usize,
    /// The number of samples.
    pub(super) samples: usize,
}

/// Advances the simulation through a period, and returns the samples.
pub(super) fn live_through(simulation: &mut Simulation, span: Span, sources: Sources<'_>) -> Past {
    let host = host_samples(sources.host);
    let mut recorder = Recorder::default();
    for moment in span.moments() {
        simulation.advance(Duration::from_secs(STEP));
        for (job, instance) in sources.jobs {
            recorder.page("up 1", job, instance, moment);
            match job.as_str() {
                "streamlit-app" => recorder.page(&simulation.page(Page::Health), job, instance, moment),
                "app-metrics" => recorder.page(&simulation.page(Page::Application), job, instance, moment),
                "node-exporter" => {
                    let page = host_page(&host, moment, sources.now);
                    recorder.page(&page, job, instance, moment);
                }
                _ => {}
            }
        }
    }
    recorder.finish()
}

/// A collector that groups samples by series, since blocks are written in this order.
#[derive(Default)]
struct Recorder {
    /// The series by job and by name with labels.
    series: HashMap<String, HashMap<String, Series>>,
    samples: usize,
}

struct Series {
    /// Name and labels, including the labels that Prometheus adds.
    name: String,
    lines: String,
}

impl Recorder {
    fn page(&mut self, page: &str, job: &str, instance: &str, moment: u64) {
        if !self.series.contains_key(job) {
            self.series.insert(job.to_string(), HashMap::new());
        }
        let Some(of_job) = self.series.get_mut(job) else { return };
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.rsplit_once(' ') else { continue };
            if !of_job.contains_key(key) {
                let series = Series { name: labelled(key, job, instance), lines: String::new() };
                of_job.insert(key.to_string(), series);
            }
            if let Some(Series { name, lines }) = of_job.get_mut(key) {
                self.samples += 1;
                lines.extend([name.as_str(), " ", value, " ", &moment.to_string(), "\n"]);
            }
        }
    }

    fn finish(self) -> Past {
        let all: Vec<Series> = self.series.into_values().flat_map(HashMap::into_values).collect();
        let mut text = String::with_capacity(all.iter().map(|series| series.lines.len()).sum::<usize>() + 6);
        for series in &all {
            text.push_str(&series.lines);
        }
        text.push_str("# EOF\n");
        Past { text, series: all.len(), samples: self.samples }
    }
}

/// Returns a series with the labels of its target added.
fn labelled(series: &str, job: &str, instance: &str) -> String {
    let target = format!("job=\"{job}\",instance=\"{instance}\"");
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{{target},{labels}"),
        None => format!("{series}{{{target}}}"),
    }
}

/// Returns the samples of node-exporter that rules and panels read.
fn host_samples(page: &str) -> Vec<(&str, f64)> {
    let wanted = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        HOST_METRICS.contains(&name) && (name != "node_cpu_seconds_total" || line.contains("mode=\"idle\""))
    };
    let sample = |line: &'_ str| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.len(), value.parse::<f64>().ok()?))
    };
    page.lines()
        .filter(wanted)
        .filter_map(|line| sample(line).map(|(length, value)| (&line[..length], value)))
        .collect()
}

/// Returns the metrics of the real host at a time, derived from its current metrics.
fn host_page(samples: &[(&str, f64)], moment: u64, now: u64) -> String {
    let mut page = String::new();
    for (series, value) in samples {
        let then = if series.starts_with("node_cpu_seconds_total") {
            let then = value - (idle_time(now) - idle_time(moment));
            if then < 0.0 { then + EARLIER_LIFE } else { then }
        } else if series.starts_with("node_memory_MemAvailable_bytes") {
            (value * (0.98 + 0.02 * wave(moment, 1800.0))).round()
        } else {
            *value
        };
        page.extend([*series, " ", &then.to_string(), "\n"]);
    }
    page
}

/// Returns the idle time of a processor until a time, in seconds: 90 % on average, in waves.
fn idle_time(moment: u64) -> f64 {
    seconds(moment) * 0.9 + 8.0 * wave(moment, 900.0) + wave(moment, 200.0)
}

fn wave(moment: u64, length: f64) -> f64 {
    (seconds(moment) / length * std::f64::consts::TAU).sin()
}

#[expect(clippy::cast_precision_loss, reason = "exact for 200 million years")]
fn seconds(moment: u64) -> f64 {
    moment as f64
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;

    const SPAN: Span = Span { begin: 1_000_000, end: 1_000_000 + 7_200 };
    const HOST: &str = "# TYPE node_memory_MemTotal_bytes gauge\nnode_memory_MemTotal_bytes 1.6e+10\n\
                        node_memory_MemAvailable_bytes 8e+09\nnode_load1 1\n\
                        node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 3600.5\n\
                        node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 9.5\n";

    fn past(jobs: &[(&str, &str)]) -> Past {
        let jobs = jobs.iter().map(|(job, instance)| ((*job).to_string(), (*instance).to_string())).collect();
        let sources = Sources { jobs: &jobs, host: HOST, now: SPAN.end + 20 };
        live_through(&mut Simulation::new(1, Scenario::Steady), SPAN, sources)
    }

    /// Returns the samples of the series with this prefix, as pairs of time and value.
    fn values(past: &Past, series: &str) -> Vec<(u64, f64)> {
        let lines = past.text.lines().filter(|line| line.starts_with(series));
        let sample = |line: &str| {
            let mut words = line.rsplit(' ');
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        lines.filter_map(sample).collect()
    }

    #[test]
    fn counters_only_grow_and_series_are_complete() {
        let past = past(&[("app-metrics", "tdd-app:8502"), ("streamlit-app", "tdd-app:8501")]);
        let target = "job=\"app-metrics\",instance=\"tdd-app:8502\"";
        let requests =
            format!("http_requests_total{{{target},handler=\"/\",method=\"RUN\",status=\"200\"}} ");
        let values = values(&past, &requests);
        assert_eq!(values.len(), 481);
        assert!(values.is_sorted_by(|one, other| one.0 + STEP == other.0 && one.1 <= other.1));
        assert!(values[480].1 > 1000.0);
        let target = "job=\"streamlit-app\",instance=\"tdd-app:8501\"";
        assert!(
            past.text.contains(&format!("app_health_status{{{target},component=\"app\"}} 1.0 1000000\n"))
        );
        assert_eq!(past.samples, past.series * 481);
        assert!(past.text.ends_with("\n# EOF\n"));
    }

    #[test]
    fn host_history_ends_at_current_values() {
        let past = past(&[("node-exporter", "node-exporter:9100")]);
        assert!(!past.text.contains("node_load1") && !past.text.contains("mode=\"user\""));
        let idle = values(&past, "node_cpu_seconds_total");
        let last = idle.last().unwrap();
        assert!(last.1 < 3600.5 && last.1 > 3600.5 - 60.0, "{last:?}");
        // The host's uptime is one hour, so the two hours contain one start.
        let starts = idle.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
        assert_eq!(starts, 1);
        assert!(idle.iter().all(|(_, value)| *value >= 0.0));
        let busy = |pair: &[(u64, f64)]| 1.0 - (pair[1].1 - pair[0].1) / seconds(STEP);
        let busy: Vec<f64> = idle.windows(2).filter(|pair| pair[1].1 >= pair[0].1).map(busy).collect();
        assert!(busy.iter().all(|share| (0.0..0.3).contains(share)), "{busy:?}");
    }

    #[test]
    fn every_job_is_up() {
        let past = past(&[("grafana", "grafana:3000")]);
        assert_eq!(past.series, 1);
        assert_eq!(values(&past, "up{job=\"grafana\",instance=\"grafana:3000\"} 1 ").len(), 481);
    }
}
