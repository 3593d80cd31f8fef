//! The verification of a running stack's monitoring, and its verdict.
//!
//! This module sends no requests; `verify` fills it.

use std::time::Duration;

use super::alert::WATCHDOG;

/// The scrape jobs of the user's application, which may not run.
pub const APP_JOBS: [&str; 2] = ["streamlit-app", "app-metrics"];

/// Two scrapes and an evaluation at 15 seconds each. Until then, missing results are pending, not unhealthy.
pub const WARM_UP: Duration = Duration::from_secs(45);

/// Whether the stack counts as unhealthy while the user's application is not monitored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// It does not; the application's targets are only reported.
    Reported,
    /// It does.
    Required,
}

/// The results of all checks of a running stack.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// The time since Prometheus started.
    pub age: Duration,
    /// An entry for each expected job, and for each additional target.
    pub targets: Vec<Target>,
    /// The rules.
    pub rules: Rules,
    /// Whether Prometheus has an active Alertmanager.
    pub alertmanager_active: bool,
    /// Whether the watchdog has arrived at Alertmanager.
    pub watchdog_arrived: bool,
    /// The error of the data source's health check; `None` means healthy.
    pub data_source_error: Option<String>,
    /// The dashboards.
    pub dashboards: Vec<DashboardCheck>,
    /// The requests that failed.
    pub unanswered: Vec<String>,
}

/// A scrape target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its job.
    pub job: String,
    /// The scraped address.
    pub url: String,
    /// The result of the last scrape.
    pub health: Health,
    /// Whether the stack is unhealthy without it.
    pub required: bool,
    /// The error of the last scrape.
    pub error: String,
    /// The cause and the fix of that error, if they are known.
    pub advice: Option<&'static str>,
}

/// The result of the last scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It succeeded.
    Up,
    /// It failed.
    Down,
    /// There was no scrape yet.
    Unknown,
}

/// The rules, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The number of all rules.
    pub total: usize,
    /// The number of rules whose last evaluation succeeded.
    pub healthy: usize,
    /// The names of the firing alerts.
    pub firing: Vec<String>,
    /// The rules whose last evaluation failed, with the error.
    pub failing: Vec<String>,
}

/// A dashboard and the results of its panels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardCheck {
    /// Its uid.
    pub uid: String,
    /// Its URL.
    pub url: String,
    /// Its panels.
    pub panels: Vec<PanelCheck>,
}

/// A panel and the result of its queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelCheck {
    /// Its title.
    pub title: String,
    /// The number of series, or the error of its queries.
    pub series: Result<usize, String>,
    /// Whether it shows alerts, and is therefore empty while none fires.
    pub shows_alerts: bool,
}

/// The verdict of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything required works.
    Proven,
    /// No problem so far, but these results are missing.
    Pending(Vec<String>),
    /// These problems were found.
    Unhealthy(Vec<String>),
}

impl Verification {
    /// Returns the verdict.
    pub fn verdict(&self) -> Verdict {
        let mut problems = self.unanswered.clone();
        let mut pending = Vec::new();
        let warm = self.age >= WARM_UP;
        for target in self.targets.iter().filter(|target| target.required) {
            match target.health {
                Health::Up => {}
                Health::Unknown => pending.push(format!("target {} has not been scraped yet", target.job)),
                Health::Down => {
                    let advice = target.advice.map(|advice| format!(" ({advice})")).unwrap_or_default();
                    let text = format!("target {} is down: {}{advice}", target.job, target.error);
                    if warm { &mut problems } else { &mut pending }.push(text);
                }
            }
        }
        problems.extend(self.rules.failing.iter().map(|rule| format!("rule {rule}")));
        if self.rules.total == 0 {
            problems.push("Prometheus has no rules".into());
        }
        let waiting = self.rules.total - self.rules.healthy - self.rules.failing.len();
        if waiting > 0 {
            pending.push(format!("{waiting} of {} rules are not evaluated yet", self.rules.total));
        }
        if !self.alertmanager_active {
            let text = "Prometheus has no active Alertmanager".to_string();
            if warm { &mut problems } else { &mut pending }.push(text);
        }
        if self.alertmanager_active && !self.watchdog_arrived {
            let text = format!("the alert {WATCHDOG} has not arrived at Alertmanager");
            if warm { &mut problems } else { &mut pending }.push(text);
        }
        problems.extend(self.data_source_error.iter().map(|error| format!("Grafana's data source {error}")));
        for dashboard in &self.dashboards {
            for panel in &dashboard.panels {
                if let Err(error) = &panel.series
                    // One cause is one error.
                    && self.data_source_error.as_ref() != Some(error)
                {
                    problems.push(format!("panel `{}`: {error}", panel.title));
                }
            }
        }
        match (problems.is_empty(), pending.is_empty()) {
            (true, true) => Verdict::Proven,
            (true, false) => Verdict::Pending(pending),
            (false, _) => Verdict::Unhealthy(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(job: &str, health: Health, required: bool) -> Target {
        Target {
            job: job.into(),
            url: String::new(),
            health,
            required,
            error: "refused".into(),
            advice: None,
        }
    }

    fn good() -> Verification {
        Verification {
            age: Duration::from_mins(1),
            targets: vec![target("prometheus", Health::Up, true), target("app-metrics", Health::Down, false)],
            rules: Rules { total: 2, healthy: 2, ..Rules::default() },
            alertmanager_active: true,
            watchdog_arrived: true,
            ..Verification::default()
        }
    }

    #[test]
    fn verdict_allows_a_stopped_application() {
        assert_eq!(good().verdict(), Verdict::Proven);
    }

    #[test]
    fn each_required_problem_makes_the_verdict_unhealthy() {
        type Spoil = fn(&mut Verification);
        let spoil: [(&str, Spoil); 7] = [
            ("target grafana is down: refused", |p| p.targets.push(target("grafana", Health::Down, true))),
            ("rule X: bad", |p| {
                p.rules.healthy = 1;
                p.rules.failing.push("X: bad".into());
            }),
            ("Prometheus has no rules", |p| p.rules = Rules::default()),
            ("Prometheus has no active Alertmanager", |p| p.alertmanager_active = false),
            ("the alert Watchdog has not arrived at Alertmanager", |p| p.watchdog_arrived = false),
            ("Grafana's data source answers 400", |p| p.data_source_error = Some("answers 400".into())),
            ("panel `A`: bad query", |p| {
                p.dashboards.push(DashboardCheck {
                    uid: "u".into(),
                    url: String::new(),
                    panels: vec![PanelCheck {
                        title: "A".into(),
                        series: Err("bad query".into()),
                        shows_alerts: false,
                    }],
                });
            }),
        ];
        for (reason, spoil) in spoil {
            let mut proof = good();
            spoil(&mut proof);
            assert_eq!(proof.verdict(), Verdict::Unhealthy(vec![reason.into()]));
        }
    }

    #[test]
    fn missing_results_are_pending() {
        let mut proof = good();
        proof.targets[0].health = Health::Unknown;
        proof.rules.healthy = 0;
        assert!(matches!(proof.verdict(), Verdict::Pending(what) if what.len() == 2));
        let mut young = good();
        young.age = Duration::from_secs(2);
        young.alertmanager_active = false;
        assert!(matches!(young.verdict(), Verdict::Pending(_)));
    }
}
