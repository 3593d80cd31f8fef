//! Parses dashboard files: validity for Grafana, and the queries of panels.
//!
//! It sends no requests: text in, errors or values out.

mod checksum;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::validate::{self, ContentFault};

pub use checksum::{
    checksum, checksum_name, checksums_folder, is_edited, is_edited_inside, is_edited_twice, is_file_edited,
    is_same, to_file,
};

/// The newest schema version of the classic dashboard format; later versions use another format.
const NEWEST_SCHEMA: u64 = 42;

/// Panel types that Grafana 12 no longer shows, and their replacements.
const GONE: [(&str, &str); 4] = [
    ("graph", "timeseries"),
    ("singlestat", "stat"),
    ("table-old", "table"),
    ("grafana-piechart-panel", "piechart"),
];

/// A panel and its queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Its id in the dashboard.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Its queries.
    pub queries: Vec<Query>,
}

/// A query of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its reference id in the panel.
    pub ref_id: String,
    /// The expression, including Grafana's variables.
    pub expr: String,
    /// Whether it is an instant query.
    pub instant: bool,
}

impl Panel {
    /// Returns whether the panel shows alerts, and is therefore empty while none fires.
    pub fn shows_alerts(&self) -> bool {
        self.queries.iter().any(|query| query.expr.contains("ALERTS"))
    }
}

/// Returns the dashboard for Grafana's API, or all errors in it.
///
/// The text may be the bare dashboard or the API's `{"dashboard": …}` form.
pub fn parse(text: &str, uid: &str) -> Result<Value, Vec<ContentFault>> {
    if let Some(fault) = validate::fault("dashboard.json", text) {
        return Err(vec![fault]);
    }
    let syntax = |error: serde_json::Error| {
        vec![ContentFault { line: Some(error.line() as u64), reason: format!("invalid JSON: {error}") }]
    };
    let whole: Value = serde_json::from_str(text).map_err(syntax)?;
    let mut dashboard = match whole {
        Value::Object(mut map) if map.contains_key("dashboard") => {
            map.remove("dashboard").unwrap_or_default()
        }
        whole => whole,
    };
    let mut faults = head_faults(&dashboard, uid);
    faults.extend(panel_faults(&dashboard, &panel_lines(text)));
    if !faults.is_empty() {
        return Err(faults);
    }
    if let Some(map) = dashboard.as_object_mut() {
        // Grafana assigns both itself.
        map.remove("id");
        map.remove("version");
    }
    Ok(dashboard)
}

/// Returns the panels with queries, including those inside rows.
pub fn panels(dashboard: &Value) -> Vec<Panel> {
    let list = |value: &Value| value["panels"].as_array().cloned().unwrap_or_default();
    list(dashboard)
        .into_iter()
        .flat_map(|panel| std::iter::once(panel.clone()).chain(list(&panel)))
        .map(|panel| Panel {
            id: panel["id"].as_u64().unwrap_or_default(),
            title: panel["title"].as_str().unwrap_or_default().to_string(),
            queries: queries(&panel),
        })
        .filter(|panel| !panel.queries.is_empty())
        .collect()
}

fn queries(panel: &Value) -> Vec<Query> {
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets
        .iter()
        .filter_map(|target| {
            Some(Query {
                ref_id: target["refId"].as_str().unwrap_or("A").to_string(),
                expr: target["expr"].as_str()?.to_string(),
                instant: target["instant"].as_bool().unwrap_or(false),
            })
        })
        .collect()
}

fn head_faults(dashboard: &Value, uid: &str) -> Vec<ContentFault> {
    let mut faults = Vec::new();
    let mut fault = |reason: String| faults.push(ContentFault { line: None, reason });
    if !dashboard.is_object() {
        fault("the file is not a JSON object".into());
        return faults;
    }
    if dashboard["title"].as_str().is_none_or(str::is_empty) {
        fault("`title` is missing: Grafana rejects a dashboard without a title".into());
    }
    if dashboard["uid"].as_str() != Some(uid) {
        fault(format!("`uid` must be \"{uid}\": links and imports use it to find the dashboard"));
    }
    match dashboard["schemaVersion"].as_u64() {
        None => fault("`schemaVersion` is missing: set it to 39".into()),
        Some(version) if version > NEWEST_SCHEMA => {
            fault(format!(
                "`schemaVersion` {version} is newer than {NEWEST_SCHEMA}, the last version of this format"
            ));
        }
        Some(_) => {}
    }
    if dashboard["panels"].as_array().is_none_or(Vec::is_empty) {
        fault("`panels` is missing or empty".into());
    }
    faults
}

fn panel_faults(dashboard: &Value, lines: &[u64]) -> Vec<ContentFault> {
    let mut faults = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    let panels = dashboard["panels"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, panel) in panels.iter().enumerate() {
        let title = panel["title"].as_str().unwrap_or("without title");
        let mut fault = |reason: String| {
            let reason = format!("panels[{index}] `{title}`: {reason}");
            faults.push(ContentFault { line: lines.get(index).copied(), reason });
        };
        match panel["id"].as_u64() {
            None => fault("`id` is missing".into()),
            Some(id) if !ids.insert(id) => fault(format!("`id` {id} is used twice")),
            Some(_) => {}
        }
        let kind = panel["type"].as_str().unwrap_or_default();
        if kind.is_empty() {
            fault("`type` is missing".into());
        }
        if let Some((_, modern)) = GONE.iter().find(|(gone, _)| *gone == kind) {
            fault(format!("type `{kind}` was removed from Grafana: use `{modern}`"));
        }
        if matches!(kind, "row" | "text" | "dashlist" | "alertlist" | "annolist" | "news") {
            continue;
        }
        let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        if targets.is_empty() {
            fault("`targets` is missing or empty: the panel has no query".into());
        }
        for (number, target) in targets.iter().enumerate() {
            if target["expr"].as_str().is_none_or(|expr| expr.trim().is_empty()) {
                fault(format!("targets[{number}].expr is missing or empty"));
            }
            if target["refId"].as_str().is_none_or(str::is_empty) {
                fault(format!("targets[{number}].refId is missing"));
            }
            if target["datasource"]["uid"].is_null() && panel["datasource"]["uid"].is_null() {
                fault(format!("targets[{number}] has no data source, and its panel has none either"));
            }
        }
    }
    faults
}

/// Returns the line on which each panel begins.
fn panel_lines(text: &str) -> Vec<u64> {
    #[derive(Deserialize)]
    struct Bare<'a> {
        #[serde(borrow, default)]
        panels: Vec<&'a RawValue>,
        #[serde(borrow, default)]
        dashboard: Option<&'a RawValue>,
    }
    let Ok(bare) = serde_json::from_str::<Bare<'_>>(text) else { return Vec::new() };
    let inner = bare.dashboard.and_then(|raw| serde_json::from_str::<Bare<'_>>(raw.get()).ok());
    let panels = inner.map_or(bare.panels, |inner| inner.panels);
    // A raw value borrows from the text, so the pointer difference is its offset.
    let line = |raw: &&RawValue| {
        let place = raw.get().as_ptr() as usize - text.as_ptr() as usize;
        text[..place].matches('\n').count() as u64 + 1
    };
    panels.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"uid": "u", "title": "T", "schemaVersion": 39, "id": null,
  "panels": [
    {"id": 1, "title": "A", "type": "stat", "datasource": {"uid": "prometheus"},
     "targets": [{"refId": "A", "expr": "up", "instant": true}]}
  ]}"#;

    #[test]
    fn valid_dashboard_loses_only_id_and_version() {
        let body = parse(GOOD, "u").unwrap();
        assert!(body.get("id").is_none());
        assert_eq!(panels(&body)[0].queries[0].expr, "up");
        let wrapped = format!("{{\"dashboard\": {GOOD}}}");
        assert_eq!(parse(&wrapped, "u").unwrap(), body);
    }

    #[test]
    fn dashboard_error_has_line_and_reason() {
        for (from, to, line, reason) in [
            ("\"T\"", "\"\"", None, "`title` is missing"),
            ("\"uid\": \"u\"", "\"uid\": \"x\"", None, "`uid` must be \"u\""),
            ("39", "99", None, "newer than 42"),
            ("\"stat\"", "\"graph\"", Some(3), "use `timeseries`"),
            ("\"expr\": \"up\", ", "", Some(3), "targets[0].expr"),
            ("\"refId\": \"A\", ", "", Some(3), "targets[0].refId"),
            ("\"datasource\": {\"uid\": \"prometheus\"},", "", Some(3), "no data source"),
            ("]}\n  ]}", "]}\n  ", Some(5), "invalid JSON"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from}");
            let faults = parse(&text, "u").unwrap_err();
            assert!(faults[0].reason.contains(reason), "{faults:?}");
            assert_eq!(faults[0].line, line, "{faults:?}");
        }
    }
}
