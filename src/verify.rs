//! Verifies the monitoring of a running stack.
//!
//! This module only collects results; [`Verification`] decides the verdict.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use crate::config::dashboard::{self, Panel};
use crate::error::{Error, Result};
use crate::http::{
    ActiveTarget, AlertmanagerClient, GrafanaClient, Http, PROMETHEUS_PAUSED, PrometheusClient, Rule, Runtime,
};
use crate::model::alert::WATCHDOG;
use crate::model::observed::{NotAsked, Readiness};
use crate::model::scrape_hints;
use crate::model::stack::Stack;
use crate::model::verification::{
    APP_JOBS, Application, DashboardCheck, Health, PanelCheck, Rules, Target, Verification, WARM_UP,
};

/// The data source of the panels' queries.
const DATA_SOURCE: &str = "prometheus";

/// Prometheus' health of a target or rule that was not scraped or evaluated yet.
const UNKNOWN: &str = "unknown";

/// The number of concurrent queries; Prometheus answers 20 at a time.
const QUERIES: usize = 8;

/// The URLs of the running services, or why they are not asked.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Prometheus.
    pub prometheus: Address,
    /// Grafana.
    pub grafana: Address,
    /// Alertmanager.
    pub alertmanager: Address,
}

/// The URL of a service, or why it is not asked.
pub type Address = std::result::Result<String, NotAsked>;

/// Queries Prometheus, Alertmanager and Grafana for a verification.
///
/// Fails only if Grafana rejects the login; other failed requests are part of the result.
pub async fn verify(
    http: &Http,
    stack: &Stack,
    addresses: &Addresses,
    application: Application,
) -> Result<Verification> {
    let mut proof = Verification::default();
    let (from_prometheus, from_alertmanager, from_grafana) = tokio::join!(
        async {
            let base = url_of(&addresses.prometheus, "Prometheus")?;
            ask_prometheus(&PrometheusClient::new(http, base), stack, application).await
        },
        async {
            let base = url_of(&addresses.alertmanager, "Alertmanager")?;
            AlertmanagerClient::new(http, base).alerts().await
        },
        async {
            let base = url_of(&addresses.grafana, "Grafana")?;
            let is_paused = addresses.prometheus == Err(NotAsked::Paused);
            ask_grafana(&GrafanaClient::new(http, base, stack), stack, base, is_paused).await
        }
    );
    match from_prometheus {
        Ok(seen) => proof = seen,
        Err(error) => proof.unanswered.push(error.in_one_line()),
    }
    match from_alertmanager {
        Ok(alerts) => proof.watchdog_arrived = alerts.iter().any(|alert| alert.name == WATCHDOG),
        Err(error) => proof.unanswered.push(error.in_one_line()),
    }
    match from_grafana {
        Ok((data_source, dashboards)) => {
            proof.data_source_error = data_source;
            proof.dashboards = dashboards;
        }
        Err(error @ Error::GrafanaLogin { .. }) => return Err(error),
        Err(error) => proof.unanswered.push(error.in_one_line()),
    }
    Ok(proof)
}

fn url_of<'a>(address: &'a Address, service: &str) -> Result<&'a str> {
    address.as_deref().map_err(|reason| Error::http(format!("query {service}"))(*reason))
}

async fn ask_prometheus(
    prometheus: &PrometheusClient<'_>,
    stack: &Stack,
    application: Application,
) -> Result<Verification> {
    let (runtime, mut targets, mut rules, alertmanagers) = tokio::try_join!(
        prometheus.runtime(),
        prometheus.targets(),
        prometheus.rules(),
        prometheus.alertmanagers()
    )?;
    if runtime.since_reload < WARM_UP {
        tokio::join!(recall_targets(prometheus, runtime, &mut targets), recall_rules(prometheus, &mut rules));
    }
    Ok(Verification {
        age: runtime.age,
        targets: expected_targets(stack, application, &targets, runtime.age),
        rules: counted(&rules),
        alertmanager_active: !alertmanagers.is_empty(),
        ..Verification::default()
    })
}

/// Marks targets as up that Prometheus scraped until the reload. A target with a changed interval is new to
/// Prometheus, which scrapes it up to one interval later.
async fn recall_targets(prometheus: &PrometheusClient<'_>, runtime: Runtime, targets: &mut [ActiveTarget]) {
    if targets.iter().all(|target| target.health != UNKNOWN) {
        return;
    }
    // A target whose query fails stays unknown.
    let up = prometheus.recently_up(runtime.started).await.unwrap_or_default();
    for target in targets.iter_mut().filter(|target| target.health == UNKNOWN) {
        if up.contains(&(target.job.clone(), target.instance.clone())) {
            target.health = "up".into();
        }
    }
}

/// Marks rules as healthy whose group was evaluated until the reload and whose expression works now. The
/// rules of a changed group are new to Prometheus, which evaluates them up to one interval later.
async fn recall_rules(prometheus: &PrometheusClient<'_>, rules: &mut [Rule]) {
    let waiting = rules.iter_mut().filter(|rule| rule.health == UNKNOWN && rule.is_group_evaluated);
    let ask = async |rule: &mut Rule| {
        if prometheus.series(&rule.expression).await.is_ok() {
            rule.health = "ok".into();
        }
    };
    stream::iter(waiting).for_each_concurrent(QUERIES, ask).await;
}

/// Returns an entry for each expected job, a missing one as down, and then the other targets.
fn expected_targets(
    stack: &Stack,
    application: Application,
    seen: &[ActiveTarget],
    age: Duration,
) -> Vec<Target> {
    let required = stack.services.iter().map(|service| (service.scrape_job, true));
    let jobs: Vec<(&str, bool)> =
        required.chain(APP_JOBS.map(|job| (job, application == Application::Required))).collect();
    let of = |target: &ActiveTarget, required: bool| Target {
        job: target.job.clone(),
        url: target.url.clone(),
        health: match target.health.as_str() {
            "up" => Health::Up,
            "down" => Health::Down,
            _ => Health::Unknown,
        },
        required,
        error: target.error.clone(),
        advice: scrape_hints::for_scrape_error(&target.error),
    };
    let mut targets = Vec::new();
    for (job, required) in &jobs {
        let found: Vec<Target> =
            seen.iter().filter(|target| target.job == *job).map(|target| of(target, *required)).collect();
        if found.is_empty() {
            // Prometheus activates its targets only some seconds after its start.
            let is_young = age < WARM_UP;
            targets.push(Target {
                job: (*job).to_string(),
                url: String::new(),
                health: if is_young { Health::Unknown } else { Health::Down },
                required: *required,
                error: if is_young { String::new() } else { "Prometheus has no such scrape job".into() },
                advice: None,
            });
        }
        targets.extend(found);
    }
    let others = seen.iter().filter(|target| jobs.iter().all(|(job, _)| target.job != *job));
    targets.extend(others.map(|target| of(target, false)));
    targets
}

fn counted(rules: &[Rule]) -> Rules {
    Rules {
        total: rules.len(),
        healthy: rules.iter().filter(|rule| rule.health == "ok").count(),
        firing: rules.iter().filter(|rule| rule.firing).map(|rule| rule.name.clone()).collect(),
        failing: rules
            .iter()
            .filter(|rule| rule.health == "err")
            .map(|rule| format!("{}: {}", rule.name, rule.error))
            .collect(),
    }
}

fn check(panel: Panel, series: std::result::Result<usize, String>) -> PanelCheck {
    PanelCheck { shows_alerts: panel.shows_alerts(), title: panel.title, series }
}

async fn ask_grafana(
    grafana: &GrafanaClient<'_>,
    stack: &Stack,
    base: &str,
    is_paused: bool,
) -> Result<(Option<String>, Vec<DashboardCheck>)> {
    // This request runs first and alone, because a rejected login must be tried only once.
    let health = if is_paused {
        grafana.log_in().await?;
        Readiness::NotReady(PROMETHEUS_PAUSED.into())
    } else {
        grafana.data_source_health(DATA_SOURCE).await?
    };
    let verifications = stack.dashboards.iter().map(|wanted| async move {
        let dashboard = grafana.dashboard(wanted.uid).await?;
        let dashboard = dashboard.ok_or_else(|| {
            Error::http("read the dashboard")(format!("Grafana has no dashboard with uid `{}`", wanted.uid))
        })?;
        let panels = dashboard::panels(&dashboard);
        let panels = join_all(panels.into_iter().map(|panel| async move {
            if is_paused {
                return check(panel, Err(PROMETHEUS_PAUSED.into()));
            }
            let series = grafana.series(&panel, DATA_SOURCE).await;
            check(panel, series.map_err(|error| error.in_one_line()))
        }));
        Ok(DashboardCheck {
            uid: wanted.uid.to_string(),
            url: format!("{base}/d/{}", wanted.uid),
            panels: panels.await,
        })
    });
    let dashboards = futures_util::future::try_join_all(verifications).await?;
    let data_source = match health {
        Readiness::Ready => None,
        Readiness::NotReady(reason) => Some(reason),
        Readiness::OutOfReach => Some("is not reachable".into()),
    };
    Ok((data_source, dashboards))
}
