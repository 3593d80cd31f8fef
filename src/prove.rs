//! Asks a running stack whether it observes.
//!
//! Never judges: the verdict is [`Proof`]'s.

use futures_util::future::join_all;

use crate::dashboard;
use crate::error::{Error, Result};
use crate::http::{ActiveTarget, Grafana, Http, Prometheus, Rule};
use crate::observed::Readiness;
use crate::proof::{APP_JOBS, DashboardProof, Health, PanelProof, Proof, Rules, Target};
use crate::stack::Stack;

/// The data source that panels are asked through.
const DATA_SOURCE: &str = "prometheus";

/// Asks Prometheus and Grafana, at the addresses given, for everything that a proof needs.
///
/// Fails only where Grafana refuses the login; what else cannot be asked is part of the proof.
pub async fn prove(
    http: &Http,
    stack: &Stack,
    prometheus: Option<&str>,
    grafana: Option<&str>,
) -> Result<Proof> {
    let mut proof = Proof::default();
    let (from_prometheus, from_grafana) = tokio::join!(
        async {
            match prometheus {
                Some(base) => ask_prometheus(&Prometheus::new(http, base), stack).await,
                None => Err(Error::http("ask Prometheus")("it is not running")),
            }
        },
        async {
            match grafana {
                Some(base) => ask_grafana(&Grafana::new(http, base, stack), stack, base).await,
                None => Err(Error::http("ask Grafana")("it is not running")),
            }
        }
    );
    match from_prometheus {
        Ok(seen) => proof = seen,
        Err(error) => proof.unanswered.push(in_one_line(&error)),
    }
    match from_grafana {
        Ok((data_source, dashboards)) => {
            proof.data_source_error = data_source;
            proof.dashboards = dashboards;
        }
        Err(error @ Error::GrafanaLogin { .. }) => return Err(error),
        Err(error) => proof.unanswered.push(in_one_line(&error)),
    }
    Ok(proof)
}

async fn ask_prometheus(prometheus: &Prometheus<'_>, stack: &Stack) -> Result<Proof> {
    let (age, targets, rules, alertmanagers) = tokio::try_join!(
        prometheus.age(),
        prometheus.targets(),
        prometheus.rules(),
        prometheus.alertmanagers()
    )?;
    Ok(Proof {
        age,
        targets: expected_targets(stack, &targets),
        rules: counted(&rules),
        alertmanager_active: !alertmanagers.is_empty(),
        ..Proof::default()
    })
}

/// Returns one entry for each expected job, a missing one as down, then what else is scraped.
fn expected_targets(stack: &Stack, seen: &[ActiveTarget]) -> Vec<Target> {
    let required = stack.services.iter().map(|service| (service.scrape_job, true));
    let jobs: Vec<(&str, bool)> = required.chain(APP_JOBS.map(|job| (job, false))).collect();
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
    };
    let mut targets = Vec::new();
    for (job, required) in &jobs {
        let found: Vec<Target> =
            seen.iter().filter(|target| target.job == *job).map(|target| of(target, *required)).collect();
        if found.is_empty() {
            targets.push(Target {
                job: (*job).to_string(),
                url: String::new(),
                health: Health::Down,
                required: *required,
                error: "Prometheus has no such job".into(),
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

async fn ask_grafana(
    grafana: &Grafana<'_>,
    stack: &Stack,
    base: &str,
) -> Result<(Option<String>, Vec<DashboardProof>)> {
    // First and alone: a refused login must be tried once only.
    let health = grafana.data_source_health(DATA_SOURCE).await?;
    let proofs = stack.dashboards.iter().map(|wanted| async move {
        let dashboard = grafana.dashboard(wanted.uid).await?;
        let dashboard = dashboard.ok_or_else(|| {
            Error::http("read the dashboard")(format!("Grafana has none with uid `{}`", wanted.uid))
        })?;
        let panels = dashboard::panels(&dashboard);
        let panels = join_all(panels.into_iter().map(|panel| async move {
            let series = grafana.series(&panel, DATA_SOURCE).await;
            PanelProof { title: panel.title, series: series.map_err(|error| in_one_line(&error)) }
        }));
        Ok(DashboardProof {
            uid: wanted.uid.to_string(),
            url: format!("{base}/d/{}", wanted.uid),
            panels: panels.await,
        })
    });
    let dashboards = futures_util::future::try_join_all(proofs).await?;
    let data_source = match health {
        Readiness::Ready => None,
        Readiness::NotReady(reason) => Some(reason),
    };
    Ok((data_source, dashboards))
}

fn in_one_line(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
