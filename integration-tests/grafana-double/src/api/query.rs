//! `/api/ds/query`: executes the queries of a panel as Grafana's backend does.
//!
//! A query is interpolated and sent to Prometheus, and its result is converted into frames.

mod frames;
mod interpolate;
mod interval;
mod legend;
mod prepare;
mod request;
mod step;
mod time_range;

use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use crate::api::answer::{Answer, Reply};
use crate::api::app::{App, Shared};
use crate::api::auth::SignedIn;
use crate::api::body::JsonBody;
use crate::api::data_sources;
use crate::prometheus::Fault;
use crate::prometheus::series::Found;
use crate::state::data_source::{DataSource, PROMETHEUS};
use crate::time;
use prepare::Prepared;
use request::Request;

pub(crate) use interval::parse as parse_interval;
pub(crate) use legend::legend;
pub(crate) use prepare::prepare;
pub(crate) use request::Query;
pub(crate) use time_range::TimeRange;

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
    // Old dashboards set neither flag, and expect a range.
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
    fn failed_query_has_its_reason_and_no_frames() {
        let fault = Fault { status: StatusCode::BAD_GATEWAY, message: "refused".into() };
        let body = failure(&fault);
        assert_eq!((body["error"].as_str(), body["status"].as_u64()), (Some("refused"), Some(502)));
        assert_eq!(body["frames"], json!([]));
    }
}
