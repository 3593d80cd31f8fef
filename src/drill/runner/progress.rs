//! Polls Prometheus, Alertmanager and the receiver for the stages of alerts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Receiver;
use crate::context::StackContext;
use crate::demo::Demo;
use crate::drill::trace::{AlertTrace, Stage};
use crate::error::Result;
use crate::execute::readiness::Waiter;
use crate::http::{AlertmanagerClient, PrometheusClient};
use crate::model::alert::WATCHDOG;
use crate::model::verification::APP_JOBS;

/// The label that a drill adds to every alert.
const DRILL: (&str, &str) = ("drill", "true");

/// The clients and the baseline for the polls of one case.
pub(super) struct Look<'a> {
    prometheus: PrometheusClient<'a>,
    alertmanager: AlertmanagerClient<'a>,
    demo: &'a Demo,
    receiver: Receiver,
    /// The number of the last notification before the case.
    seen: u64,
    /// The number of notifications that webhooks had accepted before the case.
    delivered: u64,
    /// The expression of each rule, by name.
    expressions: BTreeMap<String, String>,
}

impl<'a> Look<'a> {
    pub(super) async fn begin(context: StackContext<'a>, demo: &'a Demo, receiver: Receiver) -> Result<Self> {
        let waiter = Waiter::new(context, Duration::ZERO);
        let prometheus = PrometheusClient::new(context.http, waiter.base("prometheus").await?);
        let alertmanager = AlertmanagerClient::new(context.http, waiter.base("alertmanager").await?);
        let rules = prometheus.rules().await?;
        Ok(Self {
            seen: demo.journal().latest(),
            delivered: alertmanager.delivered().await?,
            expressions: rules.into_iter().map(|rule| (rule.name, rule.expression)).collect(),
            prometheus,
            alertmanager,
            demo,
            receiver,
        })
    }

    /// Returns whether the application is scraped and none of the alerts is active.
    pub(super) async fn is_settled(&self, alerts: &[&str]) -> Result<bool> {
        let (targets, active) = tokio::try_join!(self.prometheus.targets(), self.prometheus.alerts())?;
        let is_up = |job: &&str| targets.iter().any(|target| target.job == **job && target.health == "up");
        let is_early = |name: &str| name != WATCHDOG && alerts.contains(&name);
        Ok(APP_JOBS.iter().all(is_up) && !active.iter().any(|alert| is_early(alert.name())))
    }

    /// Records the stages that each alert has reached.
    pub(super) async fn advance(&self, courses: &mut [AlertTrace], elapsed: Duration) -> Result<()> {
        let (active, arrived, delivered) = tokio::try_join!(
            self.prometheus.alerts(),
            self.alertmanager.alerts(),
            self.alertmanager.delivered()
        )?;
        for course in courses.iter_mut() {
            if !course.has(Stage::Scraped)
                && let Some(expression) = self.expressions.get(course.alert)
                && self.prometheus.series(expression).await? > 0
            {
                course.reach(Stage::Scraped, elapsed);
            }
            let name = course.alert;
            for alert in active.iter().filter(|alert| alert.name() == name) {
                course.reach(if alert.is_firing { Stage::Firing } else { Stage::Pending }, elapsed);
            }
            let is_ours = |labels: &[(String, String)]| {
                course.alert == WATCHDOG
                    || labels.iter().any(|(name, value)| (name.as_str(), value.as_str()) == DRILL)
            };
            if arrived.iter().any(|alert| alert.name == course.alert && is_ours(&alert.labels)) {
                course.reach(Stage::Alertmanager, elapsed);
            }
            let is_received = match self.receiver {
                Receiver::Ours => self.journal(course.alert, "firing"),
                // Watchdog was delivered before the case, and is repeated only after minutes.
                Receiver::Theirs { .. } if name == WATCHDOG => delivered > 0,
                Receiver::Theirs { .. } => course.has(Stage::Alertmanager) && delivered > self.delivered,
            };
            if is_received {
                course.reach(Stage::Received, elapsed);
            }
        }
        Ok(())
    }

    /// Records the alerts that are resolved for the receiver.
    pub(super) async fn end(&self, courses: &mut [AlertTrace], elapsed: Duration) -> Result<()> {
        let arrived = self.alertmanager.alerts().await?;
        for course in courses.iter_mut().filter(|course| course.resolves && course.has(Stage::Received)) {
            let is_over = match self.receiver {
                Receiver::Ours => self.journal(course.alert, "resolved"),
                Receiver::Theirs { .. } => !arrived.iter().any(|alert| alert.name == course.alert),
            };
            if is_over {
                course.reach(Stage::Resolved, elapsed);
            }
        }
        Ok(())
    }

    fn journal(&self, alert: &str, status: &str) -> bool {
        let baseline = if alert == WATCHDOG { 0 } else { self.seen };
        let notifications = self.demo.journal().since(baseline);
        let alerts = notifications.iter().flat_map(|notification| &notification.payload.alerts);
        alerts.into_iter().any(|found| {
            found.status == status && found.labels.get("alertname").is_some_and(|name| name == alert)
        })
    }
}
