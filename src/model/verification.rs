//! What a running stack can be shown to observe, and the verdict on it.
//!
//! Never asks anything: `prove` fills it in.

use std::time::Duration;

/// The jobs of the user's application, which may not run.
pub const APP_JOBS: [&str; 2] = ["streamlit-app", "app-metrics"];

/// The alert that always fires, so that its absence means broken delivery.
pub const WATCHDOG: &str = "Watchdog";

/// Two scrapes and an evaluation at 15 seconds: until then, not yet seen is not blind.
pub const WARM_UP: Duration = Duration::from_secs(45);

/// Whether the stack counts as blind while the user's application is not observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// No: its targets are told and no more.
    Reported,
    /// Yes.
    Required,
}

/// Everything that was asked of a running stack.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// How long Prometheus runs.
    pub age: Duration,
    /// One entry for each expected job, and for each further target.
    pub targets: Vec<Target>,
    /// The rules.
    pub rules: Rules,
    /// Whether Prometheus knows an Alertmanager to send to.
    pub alertmanager_active: bool,
    /// Whether the alert that always fires has arrived at Alertmanager.
    pub watchdog_arrived: bool,
    /// What the data source's health check answers; `None` is healthy.
    pub data_source_error: Option<String>,
    /// The dashboards.
    pub dashboards: Vec<DashboardCheck>,
    /// What could not be asked at all.
    pub unanswered: Vec<String>,
}

/// A scrape target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its job.
    pub job: String,
    /// The address that is scraped.
    pub url: String,
    /// What the last scrape said.
    pub health: Health,
    /// Whether the stack is blind without it.
    pub required: bool,
    /// Why the last scrape failed.
    pub error: String,
    /// What that means and what to do, where it can be told.
    pub advice: Option<&'static str>,
}

/// What the last scrape said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It succeeded.
    Up,
    /// It failed.
    Down,
    /// There was none yet.
    Unknown,
}

/// The rules, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// All of them.
    pub total: usize,
    /// Those whose last evaluation succeeded.
    pub healthy: usize,
    /// Alerts that fire, by name.
    pub firing: Vec<String>,
    /// Those whose last evaluation failed, with the reason.
    pub failing: Vec<String>,
}

/// A dashboard and what its panels show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardCheck {
    /// Its uid.
    pub uid: String,
    /// Where it is opened.
    pub url: String,
    /// Its panels.
    pub panels: Vec<PanelCheck>,
}

/// A panel and what its queries return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelCheck {
    /// Its title.
    pub title: String,
    /// How many series, or why its queries failed.
    pub series: Result<usize, String>,
}

/// What a proof amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything required is seen.
    Proven,
    /// Nothing is wrong so far, but this is not seen yet.
    Pending(Vec<String>),
    /// This is wrong.
    Unhealthy(Vec<String>),
}

impl Verification {
    /// Returns what it amounts to.
    pub fn verdict(&self) -> Verdict {
        let mut blind = self.unanswered.clone();
        let mut pending = Vec::new();
        let warm = self.age >= WARM_UP;
        for target in self.targets.iter().filter(|target| target.required) {
            match target.health {
                Health::Up => {}
                Health::Unknown => pending.push(format!("target {} has not been scraped yet", target.job)),
                Health::Down => {
                    let advice = target.advice.map(|advice| format!(" ({advice})")).unwrap_or_default();
                    let text = format!("target {} is down: {}{advice}", target.job, target.error);
                    if warm { &mut blind } else { &mut pending }.push(text);
                }
            }
        }
        blind.extend(self.rules.failing.iter().map(|rule| format!("rule {rule}")));
        if self.rules.total == 0 {
            blind.push("Prometheus has no rules".into());
        }
        let waiting = self.rules.total - self.rules.healthy - self.rules.failing.len();
        if waiting > 0 {
            pending.push(format!("{waiting} of {} rules have not been evaluated yet", self.rules.total));
        }
        if !self.alertmanager_active {
            let text = "Prometheus knows no Alertmanager to send to".to_string();
            if warm { &mut blind } else { &mut pending }.push(text);
        }
        if self.alertmanager_active && !self.watchdog_arrived {
            let text = format!("the alert {WATCHDOG} has not arrived at Alertmanager");
            if warm { &mut blind } else { &mut pending }.push(text);
        }
        blind.extend(self.data_source_error.iter().map(|error| format!("Grafana's data source {error}")));
        for dashboard in &self.dashboards {
            for panel in &dashboard.panels {
                if let Err(error) = &panel.series
                    // One cause is one error.
                    && self.data_source_error.as_ref() != Some(error)
                {
                    blind.push(format!("panel `{}`: {error}", panel.title));
                }
            }
        }
        match (blind.is_empty(), pending.is_empty()) {
            (true, true) => Verdict::Proven,
            (true, false) => Verdict::Pending(pending),
            (false, _) => Verdict::Unhealthy(blind),
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
    fn the_application_may_be_down() {
        assert_eq!(good().verdict(), Verdict::Proven);
    }

    #[test]
    fn whatever_is_required_and_wrong_is_blind() {
        type Spoil = fn(&mut Verification);
        let spoil: [(&str, Spoil); 7] = [
            ("target grafana is down: refused", |p| p.targets.push(target("grafana", Health::Down, true))),
            ("rule X: bad", |p| {
                p.rules.healthy = 1;
                p.rules.failing.push("X: bad".into());
            }),
            ("Prometheus has no rules", |p| p.rules = Rules::default()),
            ("Prometheus knows no Alertmanager to send to", |p| p.alertmanager_active = false),
            ("the alert Watchdog has not arrived at Alertmanager", |p| p.watchdog_arrived = false),
            ("Grafana's data source answers 400", |p| p.data_source_error = Some("answers 400".into())),
            ("panel `A`: bad query", |p| {
                p.dashboards.push(DashboardCheck {
                    uid: "u".into(),
                    url: String::new(),
                    panels: vec![PanelCheck { title: "A".into(), series: Err("bad query".into()) }],
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
    fn not_yet_seen_is_pending() {
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
