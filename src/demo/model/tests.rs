//! Tests of the rates in hours of simulated time.

use super::*;

fn minutes(model: &mut Model, count: u64) -> Vec<Activity> {
    model.advance(Duration::from_secs(60 * count))
}

fn requests(events: &[Activity]) -> Vec<(&'static str, f64)> {
    let request = |event: &Activity| match event {
        Activity::Request { status, seconds, .. } => Some((*status, *seconds)),
        _ => None,
    };
    events.iter().filter_map(request).collect()
}

fn queries(events: &[Activity]) -> Vec<f64> {
    let query = |event: &Activity| match event {
        Activity::Query { seconds, .. } => Some(*seconds),
        _ => None,
    };
    events.iter().filter_map(query).collect()
}

fn logged_errors(events: &[Activity]) -> usize {
    let is_error = |event: &&Activity| matches!(event, Activity::Log { level, .. } if *level != "warning");
    events.iter().filter(is_error).count()
}

fn failed_connections(events: &[Activity]) -> usize {
    events.iter().filter(|event| matches!(event, Activity::ConnectionFailed { .. })).count()
}

/// Returns the 95th percentile.
fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 95 / 100]
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test")]
fn failed_share(events: &[Activity]) -> f64 {
    let requests = requests(events);
    requests.iter().filter(|(status, _)| *status == FAILURE).count() as f64 / requests.len() as f64
}

#[test]
fn same_seed_gives_same_events_for_any_steps() {
    let (mut one, mut other) = (Model::new(7, Scenario::Steady), Model::new(7, Scenario::Steady));
    let at_once = minutes(&mut one, 5);
    let in_pieces: Vec<Activity> = (0..400).flat_map(|_| other.advance(Duration::from_millis(750))).collect();
    assert_eq!(at_once, in_pieces);
    assert_eq!(one.levels(), other.levels());
    assert_ne!(at_once, minutes(&mut Model::new(8, Scenario::Steady), 5));
}

#[test]
fn steady_scenario_stays_below_every_threshold() {
    for seed in 0..20 {
        let mut model = Model::new(seed, Scenario::Steady);
        for _ in 0..24 {
            let window = minutes(&mut model, 5);
            let requests = requests(&window);
            assert!((280..950).contains(&requests.len()), "{} requests in 5 minutes", requests.len());
            assert!(failed_share(&window) < 0.02);
            assert!(logged_errors(&window) <= 4, "{} errors are logged", logged_errors(&window));
            assert!(failed_connections(&window) <= 2);
            assert!(p95(requests.into_iter().map(|(_, seconds)| seconds).collect()) < 1.0);
            assert!(p95(queries(&window)) < 0.1);
            let connections = model.levels().connections;
            assert!(connections.iter().all(|open| (1.0..20.0).contains(open)), "{connections:?}");
        }
    }
}

#[test]
fn phases_end_within_a_minute_and_alternate() {
    let mut model = Model::new(1, Scenario::Steady);
    let events = minutes(&mut model, 1);
    for (phase, _) in PHASES {
        let is_end =
            |event: &Activity| matches!(event, Activity::Phase { phase: ended, .. } if *ended == phase);
        assert!(events.iter().any(is_end), "{phase}");
    }
    let mut counts = [0_i64; 3];
    for event in minutes(&mut model, 120) {
        if let Activity::Phase { phase, seconds } = event {
            assert!((5.0..1200.0).contains(&seconds), "{phase} took {seconds} s");
            counts[PHASES.iter().position(|(name, _)| *name == phase).unwrap()] += 1;
        }
    }
    // Each programmer contributes a difference of at most one phase.
    let team = i64::try_from(PROGRAMMERS).unwrap();
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= team, "{counts:?}");
}

#[test]
fn each_scenario_changes_its_quantities() {
    let window = |scenario| minutes(&mut Model::new(3, scenario), 5);
    assert!(failed_share(&window(Scenario::Errors)) > 0.4);
    let slow: Vec<f64> = requests(&window(Scenario::Slow)).into_iter().map(|(_, seconds)| seconds).collect();
    assert!(p95(slow) > 4.0);
    let slow_database = window(Scenario::SlowDb);
    assert!(p95(queries(&slow_database)) > 2.0);
    assert!(p95(requests(&slow_database).into_iter().map(|(_, seconds)| seconds).collect()) > 4.0);
    let without_database = window(Scenario::DbDown);
    assert!(failed_connections(&without_database) > 100);
    assert!(queries(&without_database).is_empty());
    assert!(failed_share(&without_database) > 0.9);
    assert!(logged_errors(&window(Scenario::LogErrors)) > 30);
    assert!(failed_share(&window(Scenario::LogErrors)) < 0.02);
}

#[test]
fn memory_grows_and_is_freed_afterwards() {
    let mut model = Model::new(3, Scenario::Memory);
    minutes(&mut model, 5);
    assert!(model.levels().resident_memory > 10.0 * RESIDENT_MEMORY);
    minutes(&mut model, 60);
    assert!(model.levels().resident_memory <= LARGEST_MEMORY);
    assert!(model.levels().host_memory_used > 0.9);
    model.set_scenario(Scenario::Steady);
    minutes(&mut model, 1);
    assert!(model.levels().resident_memory < 2.0 * RESIDENT_MEMORY);
    assert!(model.levels().host_memory_used < 0.9);
}

#[test]
fn database_that_is_down_has_no_connections() {
    let mut model = Model::new(3, Scenario::DbDown);
    minutes(&mut model, 1);
    assert!(model.levels().connections.iter().all(|open| *open == 0.0));
}
