//! The results of the checks of a running stack, as they appear in `up` and in `status`.

use serde::Serialize;

use crate::model::verification::{DashboardCheck, Health, PanelCheck, Target, Verdict, Verification};

/// The results of the checks.
#[derive(Debug, Default, Serialize)]
pub(super) struct VerificationItem<'a> {
    /// The scrape targets: one for each expected job, and each additional one.
    targets: Vec<TargetItem<'a>>,
    /// The rules, counted.
    rules: RulesItem<'a>,
    /// Alertmanager, as Prometheus sees it.
    alertmanager: AlertmanagerItem,
    /// The dashboards, with the data of their panels.
    dashboards: Vec<DashboardItem<'a>>,
}

/// The results of the checks with their verdict.
#[derive(Debug, Serialize)]
pub(super) struct VerdictItem<'a> {
    /// The overall result.
    verdict: VerdictWord,
    /// The results.
    #[serde(flatten)]
    verification: VerificationItem<'a>,
}

/// The overall result of the checks, in the words of `status`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum VerdictWord {
    /// Everything works.
    Healthy,
    /// Results are missing because the services just started.
    Pending,
    /// A required part does not work.
    Unhealthy,
}

/// A scrape target.
#[derive(Debug, Serialize)]
struct TargetItem<'a> {
    /// The job.
    job: &'a str,
    /// The scraped URL.
    url: &'a str,
    /// Whether the last scrape succeeded.
    up: bool,
    /// The result of the last scrape: `up`, `down`, or `unknown` before the first.
    health: &'static str,
    /// Whether the stack is unhealthy without the target.
    required: bool,
    /// The error of the last scrape; empty if there is none.
    error: &'a str,
    /// The cause and the fix of the error; null if they are not known.
    hint: Option<&'static str>,
}

/// The rules of Prometheus.
#[derive(Debug, Default, Serialize)]
struct RulesItem<'a> {
    /// The number of all rules.
    total: usize,
    /// The number of rules whose last evaluation succeeded.
    healthy: usize,
    /// The names of the firing alerts.
    firing: &'a [String],
}

/// Alertmanager, as Prometheus sees it.
#[derive(Debug, Default, Serialize)]
struct AlertmanagerItem {
    /// Whether Prometheus has an active Alertmanager.
    active: bool,
    /// Whether the alert `Watchdog` has arrived there.
    watchdog: bool,
}

/// A dashboard.
#[derive(Debug, Serialize)]
struct DashboardItem<'a> {
    /// The uid.
    uid: &'a str,
    /// The URL.
    url: &'a str,
    /// The panels that have queries.
    panels: Vec<PanelItem<'a>>,
}

/// A panel of a dashboard.
#[derive(Debug, Serialize)]
struct PanelItem<'a> {
    /// The title.
    title: &'a str,
    /// The number of series that its queries return.
    series: usize,
    /// The error of its queries; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> VerificationItem<'a> {
    pub(super) fn of(verification: &'a Verification) -> Self {
        let rules = &verification.rules;
        Self {
            targets: verification.targets.iter().map(TargetItem::of).collect(),
            rules: RulesItem { total: rules.total, healthy: rules.healthy, firing: &rules.firing },
            alertmanager: AlertmanagerItem {
                active: verification.alertmanager_active,
                watchdog: verification.watchdog_arrived,
            },
            dashboards: verification.dashboards.iter().map(DashboardItem::of).collect(),
        }
    }
}

impl<'a> VerdictItem<'a> {
    pub(super) fn of(verification: &'a Verification) -> Self {
        let verdict = match verification.verdict() {
            Verdict::Proven => VerdictWord::Healthy,
            Verdict::Pending(_) => VerdictWord::Pending,
            Verdict::Unhealthy(_) => VerdictWord::Unhealthy,
        };
        Self { verdict, verification: VerificationItem::of(verification) }
    }
}

impl<'a> TargetItem<'a> {
    fn of(target: &'a Target) -> Self {
        Self {
            job: &target.job,
            url: &target.url,
            up: target.health == Health::Up,
            health: match target.health {
                Health::Up => "up",
                Health::Down => "down",
                Health::Unknown => "unknown",
            },
            required: target.required,
            error: &target.error,
            hint: target.advice,
        }
    }
}

impl<'a> DashboardItem<'a> {
    fn of(dashboard: &'a DashboardCheck) -> Self {
        Self {
            uid: &dashboard.uid,
            url: &dashboard.url,
            panels: dashboard.panels.iter().map(PanelItem::of).collect(),
        }
    }
}

impl<'a> PanelItem<'a> {
    fn of(panel: &'a PanelCheck) -> Self {
        let (series, error) = match &panel.series {
            Ok(series) => (*series, None),
            Err(error) => (0, Some(error.as_str())),
        };
        Self { title: &panel.title, series, error }
    }
}
