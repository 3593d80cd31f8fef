//! Converts results of Prometheus into Grafana's data frames: one frame per series, one array per column.
//!
//! Series are never merged into a table, regardless of `format`: the browser does that.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::interval;
use super::legend::legend;
use super::prepare::Prepared;
use super::request::Query;
use crate::prometheus::series::{Found, Kind, Point, Series};

/// Returns the frames of a result; a result without series is one frame without fields.
pub(crate) fn frames(query: &Query, prepared: &Prepared, found: &Found) -> Vec<Value> {
    let mut frames: Vec<Value> =
        found.series.iter().map(|series| frame(query, prepared, found, series)).collect();
    if frames.is_empty() {
        frames.push(json!({"schema": {"refId": query.ref_id, "fields": []}, "data": {"values": []}}));
    }
    let step = interval::go(prepared.range.step);
    frames[0]["schema"]["meta"]["executedQueryString"] =
        json!(format!("Expr: {}\nStep: {step}", prepared.expr));
    if !found.warnings.is_empty() {
        let notice = |text: &String| json!({"severity": "warning", "text": text});
        for frame in &mut frames {
            frame["schema"]["meta"]["notices"] = found.warnings.iter().map(notice).collect();
        }
    }
    frames
}

fn frame(query: &Query, prepared: &Prepared, found: &Found, series: &Series) -> Value {
    let (meta_type, value_type) = match found.kind {
        Kind::Vector | Kind::Scalar => ("numeric-multi", ("number", "float64")),
        Kind::Matrix => ("timeseries-multi", ("number", "float64")),
        Kind::Text => ("timeseries-multi", ("string", "string")),
    };
    let name = legend(&query.legend_format, &prepared.expr, &series.labels);
    let config = if name.is_empty() { json!({}) } else { json!({"displayNameFromDS": name}) };
    let times: Vec<u64> = series.points.iter().map(|point| point.at_ms).collect();
    let (values, entities) = column(found.kind, &series.points);
    let mut data = json!({"values": [times, values]});
    if let Some(entities) = entities {
        data["entities"] = json!([null, entities]);
    }
    json!({
        "schema": {
            "refId": query.ref_id,
            "meta": {
                "type": meta_type,
                "typeVersion": [0, 1],
                "custom": {"resultType": found.kind.word()},
            },
            "fields": [
                {
                    "name": "Time",
                    "type": "time",
                    "typeInfo": {"frame": "time.Time"},
                    "config": {"interval": prepared.range.step},
                },
                {
                    "name": series.labels.get("__name__").map_or("Value", String::as_str),
                    "type": value_type.0,
                    "typeInfo": {"frame": value_type.1},
                    "labels": series.labels,
                    "config": config,
                },
            ],
        },
        "data": data,
    })
}

/// Returns a column, and the positions of values that JSON cannot represent.
fn column(kind: Kind, points: &[Point]) -> (Vec<Value>, Option<Value>) {
    if kind == Kind::Text {
        return (points.iter().map(|point| json!(point.value)).collect(), None);
    }
    let mut special: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut values = Vec::with_capacity(points.len());
    for (row, point) in points.iter().enumerate() {
        let number = point.value.parse::<f64>().unwrap_or(f64::NAN);
        // JSON has no such number, so the value is `null` and its position is recorded.
        match number {
            f64::INFINITY => special.entry("Inf").or_default().push(row),
            f64::NEG_INFINITY => special.entry("NegInf").or_default().push(row),
            number if number.is_nan() => special.entry("NaN").or_default().push(row),
            _ => {}
        }
        values.push(json!(number));
    }
    let entities: Map<String, Value> =
        special.into_iter().map(|(name, rows)| (name.to_string(), json!(rows))).collect();
    (
        values,
        Some(Value::Object(entities))
            .filter(|entities| entities.as_object().is_some_and(|map| !map.is_empty())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::Range;

    fn prepared() -> Prepared {
        Prepared { expr: "up".into(), range: Range { start: 0, end: 60_000, step: 15_000 } }
    }

    fn found(kind: Kind, values: &[&str]) -> Found {
        let labels = BTreeMap::from([("job".to_string(), "a".to_string())]);
        let point =
            |(at, value): (usize, &&str)| Point { at_ms: at as u64 * 15_000, value: value.to_string() };
        let points = values.iter().enumerate().map(point).collect();
        Found { kind, series: vec![Series { labels, points }], warnings: Vec::new() }
    }

    #[test]
    fn frame_has_one_array_per_column() {
        let frames = frames(&Query::default(), &prepared(), &found(Kind::Matrix, &["1", "2.5"]));
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0]["data"], json!({"values": [[0, 15_000], [1.0, 2.5]]}));
        assert_eq!(frames[0]["schema"]["meta"]["type"], "timeseries-multi");
        assert_eq!(frames[0]["schema"]["meta"]["executedQueryString"], "Expr: up\nStep: 15s");
        assert_eq!(frames[0]["schema"]["fields"][1]["labels"], json!({"job": "a"}));
    }

    #[test]
    fn infinite_and_nan_values_are_null_and_listed() {
        let frames =
            frames(&Query::default(), &prepared(), &found(Kind::Matrix, &["+Inf", "NaN", "-Inf", "1"]));
        assert_eq!(frames[0]["data"]["values"][1], json!([null, null, null, 1.0]));
        assert_eq!(frames[0]["data"]["entities"][1], json!({"Inf": [0], "NaN": [1], "NegInf": [2]}));
    }

    #[test]
    fn empty_result_is_one_frame_without_columns() {
        let nothing = Found { kind: Kind::Vector, series: Vec::new(), warnings: Vec::new() };
        let frames = frames(&Query::default(), &prepared(), &nothing);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0]["data"]["values"], json!([]));
    }
}
