//! Parses answers of Prometheus' query API.
//!
//! Native histograms are ignored, because the double does not draw them.

use std::collections::BTreeMap;

use serde_json::Value;

/// The type of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Vector,
    Matrix,
    Scalar,
    Text,
}

/// The result of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) series: Vec<Series>,
    pub(crate) warnings: Vec<String>,
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) points: Vec<Point>,
}

/// One point; the value is kept as text, because `NaN` and `+Inf` are not JSON numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) at_ms: u64,
    pub(crate) value: String,
}

impl Kind {
    /// Returns Prometheus' name of the type.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::Scalar => "scalar",
            Self::Text => "string",
        }
    }
}

/// Parses the body of an answer with any status.
pub(crate) fn read(body: &Value) -> Result<Found, String> {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    match text("status") {
        "success" => {}
        "error" => return Err(format!("{}: {}", text("errorType"), text("error"))),
        _ => return Err("the answer is not Prometheus' JSON".into()),
    }
    let data = &body["data"];
    let result = &data["result"];
    let many = || result.as_array().into_iter().flatten();
    let unlabelled =
        |value: &Value| Series { labels: BTreeMap::new(), points: point(value).into_iter().collect() };
    let (kind, series) = match data["resultType"].as_str() {
        Some("vector") => (Kind::Vector, many().map(|item| one(item, point(&item["value"]))).collect()),
        Some("matrix") => {
            let points =
                |item: &Value| item["values"].as_array().into_iter().flatten().filter_map(point).collect();
            (Kind::Matrix, many().map(|item| Series { labels: labels(item), points: points(item) }).collect())
        }
        Some("scalar") => (Kind::Scalar, vec![unlabelled(result)]),
        Some("string") => (Kind::Text, vec![unlabelled(result)]),
        Some(other) => return Err(format!("unknown result type: {other}")),
        None => return Err("no resultType found".into()),
    };
    let warnings = body["warnings"].as_array().into_iter().flatten();
    let warnings = warnings.filter_map(Value::as_str).map(str::to_string).collect();
    Ok(Found { kind, series, warnings })
}

fn one(item: &Value, point: Option<Point>) -> Series {
    Series { labels: labels(item), points: point.into_iter().collect() }
}

fn labels(item: &Value) -> BTreeMap<String, String> {
    let pairs = item["metric"].as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect()
}

fn point(pair: &Value) -> Option<Point> {
    let ms = pair[0].as_f64()? * 1000.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time after 1970, cut as Go does"
    )]
    let at_ms = ms as u64;
    Some(Point { at_ms, value: pair[1].as_str()?.to_string() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn vector_has_one_point_per_series() {
        let result = json!([{"metric": {"__name__": "up", "job": "a"}, "value": [1_700_000_000.781, "NaN"]}]);
        let body = json!({"status": "success", "data": {"resultType": "vector", "result": result}});
        let found = read(&body).unwrap();
        assert_eq!((found.kind, found.series.len()), (Kind::Vector, 1));
        assert_eq!(found.series[0].labels["job"], "a");
        assert_eq!(found.series[0].points, [Point { at_ms: 1_700_000_000_781, value: "NaN".into() }]);
    }

    #[test]
    fn matrix_has_many_points() {
        let result = json!([{"metric": {}, "values": [[1, "1"], [2, "2"]]}]);
        let body = json!({"status": "success", "data": {"resultType": "matrix", "result": result}});
        assert_eq!(read(&body).unwrap().series[0].points.len(), 2);
    }

    #[test]
    fn scalar_is_one_series_without_labels() {
        let body = json!({"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}});
        let found = read(&body).unwrap();
        assert!(found.series[0].labels.is_empty() && found.series[0].points[0].value == "2");
    }

    #[test]
    fn error_includes_its_type() {
        let body = json!({"status": "error", "errorType": "bad_data", "error": "parse error"});
        assert_eq!(read(&body), Err("bad_data: parse error".into()));
        assert_eq!(read(&json!([])), Err("the answer is not Prometheus' JSON".into()));
    }
}
