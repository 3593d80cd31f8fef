//! Draws one panel.

use serde_json::Value;

use super::chart;
use super::display::{Shown, show};
use super::html::escape;
use super::values::{Values, is_course};
use crate::api::query::TimeRange;
use crate::prometheus::series::Series;

/// Returns all panels of a dashboard, those inside rows after their row.
pub(super) fn flatten(spec: &Value) -> Vec<Value> {
    let list = |value: &Value| value["panels"].as_array().cloned().unwrap_or_default();
    list(spec).into_iter().flat_map(|panel| std::iter::once(panel.clone()).chain(list(&panel))).collect()
}

/// Returns a panel with its values.
pub(super) fn draw(panel: &Value, values: &[Values], range: TimeRange) -> String {
    let title = escape(panel["title"].as_str().unwrap_or_default());
    let kind = panel["type"].as_str().unwrap_or_default();
    if kind == "row" {
        return format!("<div class=\"row\">{title}</div>");
    }
    let faults: String = values.iter().filter_map(fault).collect();
    let series: Vec<&(String, Series)> = values.iter().flat_map(series_of).collect();
    let inside = match kind {
        "text" => format!("<p>{}</p>", escape(panel["options"]["content"].as_str().unwrap_or_default())),
        _ if series.is_empty() && faults.is_empty() => "<p class=\"quiet\">No data</p>".into(),
        _ if series.is_empty() => String::new(),
        "stat" | "gauge" | "bargauge" => big(panel, &series),
        "table" => table(panel, &series),
        _ if is_course(panel) => {
            chart::draw(series.iter().map(|(_, series)| series), range) + &legend(panel, &series)
        }
        _ => legend(panel, &series),
    };
    format!("<section class=\"panel\"{}><h2>{title}</h2>{faults}{inside}</section>", place(panel))
}

fn place(panel: &Value) -> String {
    let position = &panel["gridPos"];
    let (x, width) = (position["x"].as_u64().unwrap_or(0).min(23), position["w"].as_u64().unwrap_or(12));
    format!(" style=\"grid-column:{}/span {}\"", x + 1, width.clamp(1, 24 - x))
}

fn series_of(values: &Values) -> impl Iterator<Item = &(String, Series)> {
    let series = match values {
        Values::Series(series) => series.as_slice(),
        Values::Fault(_) => &[],
    };
    series.iter()
}

fn fault(values: &Values) -> Option<String> {
    match values {
        Values::Series(_) => None,
        Values::Fault(reason) => Some(format!("<p class=\"fault\">{}</p>", escape(reason))),
    }
}

fn current(panel: &Value, series: &Series) -> Shown {
    series
        .points
        .last()
        .map_or(Shown { text: "No data".into(), colour: None }, |point| show(panel, &point.value))
}

fn style(shown: &Shown) -> String {
    shown.colour.as_ref().map_or(String::new(), |colour| format!(" style=\"color:{colour}\""))
}

fn big(panel: &Value, series: &[&(String, Series)]) -> String {
    let one = |(name, series): &&(String, Series)| {
        let shown = current(panel, series);
        format!(
            "<div><b{}>{}</b><span class=\"quiet\">{}</span></div>",
            style(&shown),
            escape(&shown.text),
            escape(name)
        )
    };
    format!("<div class=\"big\">{}</div>", series.iter().map(one).collect::<String>())
}

fn legend(panel: &Value, series: &[&(String, Series)]) -> String {
    let row = |(line, (name, series)): (usize, &&(String, Series))| {
        let shown = current(panel, series);
        format!(
            "<tr><td><span class=\"dot\" style=\"background:{}\"></span>{}</td><td class=\"number\"{}>{}</td></tr>",
            chart::colour(line),
            escape(name),
            style(&shown),
            escape(&shown.text)
        )
    };
    format!("<table>{}</table>", series.iter().enumerate().map(row).collect::<String>())
}

fn table(panel: &Value, series: &[&(String, Series)]) -> String {
    let mut labels: Vec<&str> =
        series.iter().flat_map(|(_, series)| series.labels.keys()).map(String::as_str).collect();
    labels.sort_unstable();
    labels.dedup();
    labels.retain(|label| *label != "__name__");
    let head: Vec<String> = labels.iter().map(|label| format!("<th>{}</th>", escape(label))).collect();
    let head = head.concat();
    let row = |(_, series): &&(String, Series)| {
        let cell = |label: &&str| {
            format!("<td>{}</td>", escape(series.labels.get(*label).map_or("", String::as_str)))
        };
        let cells: String = labels.iter().map(cell).collect();
        let shown = current(panel, series);
        format!("<tr>{cells}<td class=\"number\"{}>{}</td></tr>", style(&shown), escape(&shown.text))
    };
    let rows: String = series.iter().map(row).collect();
    format!("<table><tr>{head}<th class=\"number\">Value</th></tr>{rows}</table>")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::prometheus::series::Point;

    const RANGE: TimeRange = TimeRange { from_ms: 0, to_ms: 100 };

    fn values(label: &str) -> Vec<Values> {
        let labels = BTreeMap::from([("job".to_string(), label.to_string())]);
        let points = vec![Point { at_ms: 50, value: "2".into() }];
        vec![Values::Series(vec![(label.to_string(), Series { labels, points })])]
    }

    #[test]
    fn every_panel_shows_values_and_escapes_labels() {
        for kind in ["stat", "timeseries", "table", "piechart"] {
            let html = draw(&json!({"type": kind, "title": "T & T"}), &values("<x>"), RANGE);
            assert!(
                html.contains("T &amp; T") && html.contains("&lt;x&gt;") && !html.contains("<x>"),
                "{html}"
            );
            assert!(html.contains(">2<"), "{html}");
            assert_eq!(html.contains("<svg"), kind == "timeseries");
        }
    }

    #[test]
    fn empty_panel_shows_the_reason() {
        let panel = json!({"type": "stat", "title": "T"});
        assert!(draw(&panel, &[Values::Series(vec![])], RANGE).contains("No data"));
        let fault = draw(&panel, &[Values::Fault("refused <b>".into())], RANGE);
        assert!(fault.contains("refused &lt;b&gt;") && !fault.contains("No data"), "{fault}");
    }

    #[test]
    fn panels_inside_rows_are_shown() {
        let spec = json!({"panels": [{"type": "row", "title": "R", "panels": [{"type": "stat"}]}, {"type": "table"}]});
        let kinds: Vec<_> = flatten(&spec).iter().map(|panel| panel["type"].clone()).collect();
        assert_eq!(kinds, ["row", "stat", "table"]);
    }

    #[test]
    fn panel_stays_inside_the_grid() {
        assert_eq!(place(&json!({"gridPos": {"x": 12, "w": 40}})), " style=\"grid-column:13/span 12\"");
        assert_eq!(place(&json!({"gridPos": {"x": 99, "w": 0}})), " style=\"grid-column:24/span 1\"");
    }
}
