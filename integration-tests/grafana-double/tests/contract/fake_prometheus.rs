//! Some answers of Prometheus' query API, and a record of the queries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The parameters of each query in the order of arrival.
type Asked = Arc<Mutex<Vec<BTreeMap<String, String>>>>;

/// A fake Prometheus on a free loopback port that ends on drop.
pub(crate) struct FakePrometheus {
    pub(crate) url: String,
    asked: Asked,
    task: JoinHandle<()>,
}

impl FakePrometheus {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let routes = Router::new()
            .route("/api/v1/query", get(instant).post(instant))
            .route("/api/v1/query_range", get(range).post(range))
            .with_state(Arc::clone(&asked));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, asked, task }
    }

    /// Returns the queries since the last call.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for FakePrometheus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn instant(State(asked): State<Asked>, RawQuery(query): RawQuery, body: String) -> Response {
    let parameters = record(&asked, query, &body);
    let time = parameters.get("time").and_then(|time| time.parse().ok()).unwrap_or(1_700_000_000.0);
    let one = |(labels, value): &(Value, &str)| json!({"metric": labels, "value": [time, value]});
    match known(&parameters["query"]) {
        Known::Scalar(value) => success("scalar", &json!([time, value])),
        Known::Vector(series) => success("vector", &series.iter().map(one).collect()),
        Known::Fault => fault(),
    }
}

async fn range(State(asked): State<Asked>, RawQuery(query): RawQuery, body: String) -> Response {
    let parameters = record(&asked, query, &body);
    let number = |name: &str| parameters[name].parse::<f64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let times = || {
        std::iter::successors(Some(start), move |time| Some(time + step)).take_while(move |time| *time <= end)
    };
    let many = |labels: &Value, value: &str| json!({"metric": labels, "values": times().map(|time| json!([time, value])).collect::<Value>()});
    match known(&parameters["query"]) {
        Known::Scalar(value) => success("matrix", &json!([many(&json!({}), value)])),
        Known::Vector(series) => {
            success("matrix", &series.iter().map(|(labels, value)| many(labels, value)).collect())
        }
        Known::Fault => fault(),
    }
}

enum Known {
    Scalar(&'static str),
    Vector(Vec<(Value, &'static str)>),
    Fault,
}

fn known(expr: &str) -> Known {
    match expr {
        "1+1" => Known::Scalar("2"),
        "vector(1)" => Known::Vector(vec![(json!({}), "1")]),
        "up" => Known::Vector(vec![
            (json!({"__name__": "up", "job": "app"}), "1"),
            (json!({"__name__": "up", "job": "<script>"}), "0"),
        ]),
        "odd" => Known::Vector(vec![
            (json!({"__name__": "odd"}), "NaN"),
            (json!({"__name__": "odd", "n": "2"}), "+Inf"),
        ]),
        expr if expr.contains('{') => Known::Fault,
        _ => Known::Vector(Vec::new()),
    }
}

fn record(asked: &Asked, query: Option<String>, body: &str) -> BTreeMap<String, String> {
    let text = query.unwrap_or_else(|| body.to_string());
    let url = reqwest::Url::parse(&format!("http://localhost/?{text}")).unwrap();
    let parameters: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    asked.lock().unwrap().push(parameters.clone());
    parameters
}

fn success(kind: &str, result: &Value) -> Response {
    let body = json!({"status": "success", "data": {"resultType": kind, "result": result}});
    body.to_string().into_response()
}

fn fault() -> Response {
    let error = "invalid parameter \"query\": 1:4: parse error: unexpected end of input inside braces";
    let body = json!({"status": "error", "errorType": "bad_data", "error": error});
    (StatusCode::BAD_REQUEST, body.to_string()).into_response()
}
