//! Tests that the metrics and `docs/metrics.md` agree.

use std::collections::BTreeSet;

use super::*;

const PAGES: [Page; 2] = [Page::Health, Page::Application];

fn page(page: Page) -> String {
    Metrics::new().page(page, Scenario::Steady)
}

/// Returns the names of a page's metrics, as Prometheus stores them.
fn names(page: &str) -> BTreeSet<String> {
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds
        .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_string() })
        .collect()
}

/// Returns the first column of the table under `heading` in the documentation.
fn documented(heading: &str) -> BTreeSet<String> {
    let documentation = include_str!("../../../docs/metrics.md");
    let section = documentation.split(&format!("\n## {heading}\n")).nth(1).expect("the heading exists");
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string()))
        .collect()
}

#[test]
fn documentation_lists_exactly_the_served_metrics() {
    let served: BTreeSet<String> = PAGES.iter().flat_map(|which| names(&page(*which))).collect();
    assert_eq!(documented("Names"), served);
    assert!(documented("Where each metric is used").is_subset(&served));
}

#[test]
fn documentation_lists_every_scenario_with_alerts() {
    let documentation = include_str!("../../../docs/metrics.md");
    for scenario in Scenario::all() {
        let row = documentation.lines().find(|line| line.starts_with(&format!("| `{scenario}` |")));
        let row = row.unwrap_or_else(|| panic!("`{scenario}` is not documented"));
        assert!(row.contains(&scenario.alerts().join(", ")), "{row}");
    }
}

#[test]
fn documentation_lists_the_recording_rules() {
    let rules = include_str!("../../../assets/prometheus/recording_rules.yml");
    let recorded = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: "));
    assert_eq!(documented("Recording rules"), recorded.map(String::from).collect());
}

#[test]
fn buckets_match_the_documentation() {
    let documentation = include_str!("../../../docs/metrics.md");
    for (name, buckets) in [
        ("http_request_duration_seconds", REQUEST_BUCKETS.as_slice()),
        ("database_query_duration_seconds", &QUERY_BUCKETS),
        ("tdd_phase_duration_seconds", &PHASE_BUCKETS),
    ] {
        let row =
            documentation.lines().find(|line| line.starts_with(&format!("| `{name}` | histogram"))).unwrap();
        let written = row.trim_end_matches(" |").rsplit("| ").next().unwrap().split(' ');
        let written: Vec<f64> = written.map(|bucket| bucket.parse().unwrap()).collect();
        assert_eq!(written, buckets, "{name}");
    }
}

#[test]
fn every_series_exists_from_the_start() {
    let page = page(Page::Application);
    let series = |prefix: &str| page.lines().filter(|line| line.starts_with(prefix)).count();
    let statuses: usize = ROUTES.iter().map(|route| 2 + usize::from(route.mistake.is_some())).sum();
    assert_eq!(series("http_requests_total{"), statuses);
    assert_eq!(series("http_request_duration_seconds_count{"), ROUTES.len());
    assert_eq!(series("database_connections_active{"), DATABASES.len());
    assert_eq!(series("database_connections_failed_total{"), DATABASES.len());
    assert_eq!(series("database_query_duration_seconds_count{"), DATABASES.len() * OPERATIONS.len());
    assert_eq!(series("tdd_phase_duration_seconds_count{"), PHASES.len());
    assert_eq!(series("log_messages_total{"), LOGGERS.len() * LEVELS.len());
    assert!(!page.contains("_created") && page.ends_with("# EOF\n"));
}

#[test]
fn events_create_no_series() {
    use std::time::Duration;

    let lines = |simulation: &super::super::Simulation| simulation.page(Page::Application).lines().count();
    for scenario in [Scenario::Steady, Scenario::Errors, Scenario::DbDown, Scenario::LogErrors] {
        let mut simulation = super::super::Simulation::new(5, scenario);
        let before = lines(&simulation);
        simulation.advance(Duration::from_hours(1));
        assert_eq!(lines(&simulation), before, "{scenario}");
    }
}

#[test]
fn missing_metric_returns_with_its_count() {
    let metrics = Metrics::new();
    metrics.record(&Activity::Phase { phase: "red", seconds: 20.0 });
    let page = |scenario| metrics.page(Page::Application, scenario);
    assert!(!page(Scenario::MissingMetrics).contains(MISSING_METRIC));
    assert!(page(Scenario::Steady).contains("tdd_phase_duration_seconds_count{phase=\"red\"} 1\n"));
    let missing: BTreeSet<String> =
        names(&page(Scenario::Steady)).difference(&names(&page(Scenario::MissingMetrics))).cloned().collect();
    assert_eq!(missing, BTreeSet::from([MISSING_METRIC.to_string()]));
}

#[test]
fn health_and_host_follow_the_scenario() {
    let simulation = |scenario| super::super::Simulation::new(1, scenario);
    let database = |scenario| simulation(scenario).page(Page::Health);
    assert!(database(Scenario::DbDown).contains("app_health_status{component=\"database\"} 0.0\n"));
    assert!(database(Scenario::Steady).contains("app_health_status{component=\"database\"} 1.0\n"));
    let used = |scenario| {
        let page = simulation(scenario).page(Page::Host);
        let value = |name: &str| -> f64 {
            let line = page.lines().find_map(|line| line.strip_prefix(&format!("node_memory_{name}_bytes ")));
            line.unwrap().parse().unwrap()
        };
        1.0 - value("MemAvailable") / value("MemTotal")
    };
    assert!(used(Scenario::Memory) > 0.95 && (used(Scenario::Steady) - 0.5).abs() < 0.01);
}
