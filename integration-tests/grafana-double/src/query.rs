//! `/api/ds/query`: what Grafana's backend does with the queries of a panel.
//!
//! Never answers for Prometheus: a query is interpolated, passed on, and its result turned into frames.

mod frames;
mod interpolate;
mod interval;
mod legend;
mod request;
mod time_range;

use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Reply};
use super::app::{App, Shared};
use super::auth::SignedIn;
use super::body::JsonBody;
use super::data_sources::{self, DataSource, PROMETHEUS};
use super::prometheus::{Fault, Range};
use super::series::Found;
use super::time;
use request::Request;

pub(crate) use interval::parse as parse_interval;
pub(crate) use legend::legend;
pub(crate) use request::Query;
pub(crate) use time_range::TimeRange;

/// A query that is ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    /// The expression without Grafana's variables.
    pub(crate) expr: String,
    /// The range, aligned to the step.
    pub(crate) range: Range,
}

/// Answers `POST /api/ds/query`.
pub(crate) async fn query(State(app): State<Shared>, _: SignedIn, body: JsonBody) -> Reply {
    let request: Request = body.without_nulls().typed()?;
    let refused = |message: String| Answer::error(StatusCode::BAD_REQUEST, message);
    let range = TimeRange::parse(&request.from, &request.to, time::now_ms()).map_err(refused)?;
    if request.queries.is_empty() {
        return Err(refused("No queries found".into()));
    }
    let sources: Vec<DataSource> =
        request.queries.iter().map(|query| source_of(&app, query)).collect::<Result<_, _>>()?;
    let runs = request.queries.iter().zip(&sources).map(|(query, source)| run(&app, source, query, range));
    let results = join_all(runs).await;
    let failed = results.iter().any(|(_, result)| result.get("error").is_some());
    let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let results: Map<String, Value> = results.into_iter().collect();
    Ok(Answer { status, body: json!({"results": results}) })
}

/// Prepares an expression for a data source.
pub(crate) fn prepare(source: &DataSource, query: &Query, range: TimeRange) -> Result<Prepared, String> {
    let scrape = source.json_data.get("timeInterval").and_then(Value::as_str).unwrap_or_default();
    let step = interval::step(query, scrape, range)?;
    let expr = interpolate::interpolate(query, scrape, step, range)?;
    let offset_ms = query.utc_offset_sec * 1000;
    let align = |at: u64| interval::align(at, step, offset_ms);
    Ok(Prepared { expr, range: Range { start: align(range.from_ms), end: align(range.to_ms), step } })
}

fn source_of(app: &App, query: &Query) -> Result<DataSource, Answer> {
    if query.datasource.uid.is_empty() {
        let message = "Query does not contain a valid data source identifier";
        return Err(Answer::error(StatusCode::BAD_REQUEST, message));
    }
    let known = app.store.read(|state| state.data_source(&query.datasource.uid).cloned());
    let known = known.ok_or_else(data_sources::not_found)?;
    if known.kind != PROMETHEUS {
        return Err(Answer::coded(StatusCode::NOT_FOUND, "Plugin not registered", "plugin.notRegistered"));
    }
    Ok(known)
}

async fn run(app: &App, source: &DataSource, query: &Query, range: TimeRange) -> (String, Value) {
    let result = match prepare(source, query, range) {
        Ok(prepared) => ask(app, source, query, &prepared, range).await,
        Err(message) => Err(Fault { status: StatusCode::INTERNAL_SERVER_ERROR, message }),
    };
    (query.ref_id.clone(), result.unwrap_or_else(|fault| failure(&fault)))
}

async fn ask(
    app: &App,
    source: &DataSource,
    query: &Query,
    prepared: &Prepared,
    range: TimeRange,
) -> Result<Value, Fault> {
    let mut frames = Vec::new();
    let mut add = |found: &Found| frames.extend(frames::frames(query, prepared, found));
    if query.instant {
        add(&app.prometheus.instant(source, &prepared.expr, range.to_ms).await?);
    }
    // Dashboards from before there was a choice say neither, and mean a range.
    if query.range || !query.instant {
        add(&app.prometheus.range(source, &prepared.expr, prepared.range).await?);
    }
    Ok(json!({"status": 200, "frames": frames}))
}

fn failure(fault: &Fault) -> Value {
    json!({
        "error": fault.message,
        "errorSource": "downstream",
        "status": fault.status.as_u16(),
        "frames": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_prepared_as_grafana_prepares_it() {
        let mut source = DataSource::default();
        source.json_data.insert("timeInterval".into(), json!("15s"));
        let body = json!({"expr": "rate(x[$__rate_interval])", "intervalMs": 15_000, "maxDataPoints": 100});
        let query: Query = serde_json::from_value(body).unwrap();
        let range = TimeRange { from_ms: 1_700_000_007_000, to_ms: 1_700_003_607_000 };
        let prepared = prepare(&source, &query, range).unwrap();
        // An hour in 100 points is 36 s, which rounds to 30 s; the ends are cut down to whole steps.
        assert_eq!(prepared.expr, "rate(x[1m0s])");
        let range = Range { start: 1_699_999_980_000, end: 1_700_003_580_000, step: 30_000 };
        assert_eq!(prepared.range, range);
    }

    #[test]
    fn a_failure_names_the_reason_and_has_no_frames() {
        let fault = Fault { status: StatusCode::BAD_GATEWAY, message: "refused".into() };
        let body = failure(&fault);
        assert_eq!((body["error"].as_str(), body["status"].as_u64()), (Some("refused"), Some(502)));
        assert_eq!(body["frames"], json!([]));
    }
}
