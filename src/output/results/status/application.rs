//! The rows of the user's application and jobs.

use anstyle::Style;

use crate::model::verification::{APP_JOBS, Health, Target, Verification};
use crate::output::screen::{Line, Mark, Terminal};

pub(super) fn app_targets(verification: &Verification) -> impl Iterator<Item = &Target> {
    verification.targets.iter().filter(|target| APP_JOBS.contains(&target.job.as_str()))
}

pub(super) fn application_row(terminal: Terminal, verification: &Verification) -> Vec<Line> {
    let targets: Vec<&Target> = app_targets(verification).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let is_bad = |target: &&Target| target.health == Health::Down;
    let mark = match () {
        () if targets.iter().any(|target| is_bad(target) && target.required) => Mark::Bad,
        () if targets.iter().any(is_bad) => Mark::Warning,
        () if targets.iter().all(|target| target.health == Health::Up) => Mark::Good,
        () => Mark::Pending,
    };
    let mut states: Vec<(String, Vec<String>)> = Vec::new();
    for target in &targets {
        let state = match target.health {
            Health::Up => "up".to_string(),
            Health::Unknown => "not scraped yet".into(),
            Health::Down => last_cause(&target.error).to_string(),
        };
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, ports)) => ports.push(port(target)),
            None => states.push((state, vec![port(target)])),
        }
    }
    let states = states.into_iter().map(|(state, ports)| format!("{} {state}", ports.join(", ")));
    let mut text = states.collect::<Vec<_>>().join(terminal.dot());
    let mut hints: Vec<&str> = targets.iter().filter_map(|target| target.advice).collect();
    hints.dedup();
    if let Some(hint) = hints.first() {
        text = format!("{text}; {hint}");
    }
    terminal.continued(terminal.named(2, mark, "Your app"), Style::new(), &text)
}

/// Returns the port of a target's URL, such as `:8501`, or the job if there is none.
fn port(target: &Target) -> String {
    let authority = target.url.split('/').nth(2).unwrap_or_default();
    authority.rsplit_once(':').map_or_else(|| target.job.clone(), |(_, port)| format!(":{port}"))
}

/// Returns the innermost part of Go's chain of causes: `Get "…": dial tcp …: connect: connection refused`.
fn last_cause(error: &str) -> &str {
    error.rsplit(": ").next().unwrap_or(error)
}

pub(super) fn other_jobs(terminal: Terminal, verification: &Verification) -> Vec<Line> {
    let others = verification
        .targets
        .iter()
        .filter(|target| !target.required && !APP_JOBS.contains(&target.job.as_str()));
    let mut jobs: Vec<(&str, usize, usize)> = Vec::new();
    for target in others {
        let up = usize::from(target.health == Health::Up);
        match jobs.iter_mut().find(|(job, _, _)| *job == target.job) {
            Some((_, all_up, all)) => (*all_up, *all) = (*all_up + up, *all + 1),
            None => jobs.push((&target.job, up, 1)),
        }
    }
    if jobs.is_empty() {
        return Vec::new();
    }
    let mark = if jobs.iter().all(|(_, up, all)| up == all) { Mark::Good } else { Mark::Warning };
    let jobs: Vec<String> = jobs.iter().map(|(job, up, all)| format!("{job} {up}/{all} up")).collect();
    terminal.continued(terminal.named(2, mark, "Your jobs"), Style::new(), &jobs.join(terminal.dot()))
}
