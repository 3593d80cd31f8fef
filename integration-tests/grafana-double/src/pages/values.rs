//! Queries the values of a panel.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::variables::Variables;
use crate::api::app::App;
use crate::api::query::{self, Query, TimeRange, legend};
use crate::prometheus::series::Series;
use crate::state::data_source::{DataSource, PROMETHEUS};

/// The start of the range of dashboards that set none.
pub(super) const DEFAULT_FROM: &str = "now-1h";

/// The largest number of points of a chart.
const POINTS: u64 = 120;

/// The result of one query of a panel.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Series with their names.
    Series(Vec<(String, Series)>),
    /// The reason for missing values.
    Fault(String),
}

/// Returns whether a panel shows a range instead of a single moment.
pub(super) fn is_course(panel: &Value) -> bool {
    matches!(panel["type"].as_str(), Some("timeseries" | "graph" | "barchart" | "histogram" | "heatmap"))
}

/// Returns the range of a dashboard.
pub(super) fn range_of(spec: &Value, now_ms: u64) -> TimeRange {
    let text = |key: &str, default| spec["time"][key].as_str().unwrap_or(default).to_string();
    // A range that the double cannot parse must not empty the page.
    TimeRange::parse(&text("from", DEFAULT_FROM), &text("to", "now"), now_ms)
        .unwrap_or(TimeRange { from_ms: now_ms.saturating_sub(3_600_000), to_ms: now_ms })
}

/// Runs all queries of a panel.
pub(super) async fn of(app: &App, panel: &Value, variables: &Variables, range: TimeRange) -> Vec<Values> {
    let targets = panel["targets"].as_array().into_iter().flatten();
    let asked = targets.filter(|target| target["expr"].is_string() && target["hide"] != true);
    join_all(asked.map(|target| async move {
        ask(app, panel, target, variables, range).await.unwrap_or_else(Values::Fault)
    }))
    .await
}

async fn ask(
    app: &App,
    panel: &Value,
    target: &Value,
    variables: &Variables,
    range: TimeRange,
) -> Result<Values, String> {
    let source = source_of(app, panel, target).ok_or("there is no such data source")?;
    let expr = variables.put_into(target["expr"].as_str().unwrap_or_default());
    let interval = target["interval"].as_str().or(panel["interval"].as_str()).unwrap_or_default();
    let body = json!({"expr": expr, "interval": interval, "maxDataPoints": POINTS});
    let query: Query = serde_json::from_value(body).map_err(|error| error.to_string())?;
    let prepared = query::prepare(&source, &query, range)?;
    let found = if is_course(panel) {
        app.prometheus.range(&source, &prepared.expr, prepared.range).await
    } else {
        app.prometheus.instant(&source, &prepared.expr, range.to_ms).await
    };
    let found = found.map_err(|fault| fault.message)?;
    let format = target["legendFormat"].as_str().unwrap_or_default();
    let named = |series: Series| (name(format, &prepared.expr, &series), series);
    Ok(Values::Series(found.series.into_iter().map(named).collect()))
}

fn source_of(app: &App, panel: &Value, target: &Value) -> Option<DataSource> {
    let uid = target["datasource"]["uid"].as_str().or(panel["datasource"]["uid"].as_str());
    app.store.read(|state| {
        // The page has no selection for variables, so the default data source is used.
        let named = uid.filter(|uid| !uid.starts_with('$'));
        let known = match named {
            Some(uid) => state.data_source(uid),
            None => state.data_sources.iter().find(|known| known.is_default),
        };
        known.filter(|known| known.kind == PROMETHEUS).cloned()
    })
}

/// Returns the name of a series as the browser would: `__auto` is a short form of the labels.
fn name(format: &str, expr: &str, series: &Series) -> String {
    let name = legend(format, expr, &series.labels);
    if !name.is_empty() {
        return name;
    }
    let labels = series.labels.iter().filter(|(label, _)| *label != "__name__");
    labels.map(|(label, value)| format!("{label}={value}")).collect::<Vec<_>>().join(", ")
}
