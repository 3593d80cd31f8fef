//! Pages for browsers: a list of dashboards, and each dashboard with its panels' current values.
//!
//! Unlike Grafana's, they need no login, so that a demo shows something. They load nothing from other servers, and every
//! text is escaped.

mod chart;
mod display;
mod html;
mod panel;
mod values;
mod variables;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use futures_util::future::join_all;
use serde_json::Value;

use crate::api::app::{App, Shared};
use crate::api::query;
use crate::state::dashboard::Dashboard;
use crate::state::folder::GENERAL;
use crate::time;
use html::{Page, escape};

/// The reload interval of a page whose dashboard sets none.
const DEFAULT_REFRESH_SECONDS: u64 = 30;

/// Answers `GET /`.
pub(crate) async fn index(State(app): State<Shared>) -> Response {
    let body = app.store.read(|state| {
        let row = |dashboard: &Dashboard| {
            let folder = state.folder(&dashboard.folder_uid).map_or(GENERAL, |folder| folder.title.as_str());
            format!(
                "<li><a href=\"{}\">{}</a> <span class=\"quiet\">{}</span>{}</li>",
                escape(&dashboard.url(&app.settings.sub_url)),
                escape(dashboard.title()),
                escape(folder),
                tags(dashboard)
            )
        };
        let rows: String = state.dashboards.iter().map(row).collect();
        let rows = if rows.is_empty() { "<li class=\"quiet\">None yet.</li>".into() } else { rows };
        let source = |name: &str, url: &str| {
            format!("<li>{} <span class=\"quiet\">{}</span></li>", escape(name), escape(url))
        };
        let sources: String =
            state.data_sources.iter().map(|known| source(&known.name, &known.url)).collect();
        format!("<ul class=\"list\">{rows}</ul><h2>Data sources</h2><ul class=\"list\">{sources}</ul>")
    });
    page(&Page {
        title: "Dashboards",
        home: None,
        note: String::new(),
        refresh: DEFAULT_REFRESH_SECONDS,
        body,
    })
}

/// Answers `GET /d/{uid}/{slug}`.
pub(crate) async fn dashboard_with_slug(
    app: State<Shared>,
    Path((uid, _)): Path<(String, String)>,
) -> Response {
    dashboard(app, Path(uid)).await
}

/// Answers `GET /d/{uid}`.
pub(crate) async fn dashboard(State(app): State<Shared>, Path(uid): Path<String>) -> Response {
    let Some(known) = app.store.read(|state| state.dashboard(&uid).cloned()) else {
        return not_found();
    };
    let spec = Value::Object(known.spec.clone());
    let range = values::range_of(&spec, time::now_ms());
    let variables = variables::of(&spec);
    let panels = panel::flatten(&spec);
    let drawn = join_all(panels.iter().map(|panel| draw(&app, panel, &variables, range))).await;
    let refresh = spec["refresh"].as_str().and_then(|text| query::parse_interval(text).ok());
    let refresh = refresh.map_or(DEFAULT_REFRESH_SECONDS, |ms| (ms / 1000).max(5));
    let home = format!("{}/", app.settings.sub_url);
    let from = spec["time"]["from"].as_str().unwrap_or(values::DEFAULT_FROM);
    page(&Page {
        title: known.title(),
        home: Some(&home),
        note: format!(
            "since <code>{}</code>, as of {}{}",
            escape(from),
            time::rfc3339(range.to_ms),
            tags(&known)
        ),
        refresh,
        body: format!("<div class=\"grid\">{}</div>", drawn.concat()),
    })
}

async fn draw(app: &App, panel: &Value, variables: &variables::Variables, range: query::TimeRange) -> String {
    let values = values::of(app, panel, variables, range).await;
    panel::draw(panel, &values, range)
}

fn tags(dashboard: &Dashboard) -> String {
    let marks =
        dashboard.tags().into_iter().map(|tag| format!(" <span class=\"tag\">{}</span>", escape(tag)));
    marks.collect::<Vec<_>>().concat()
}

fn not_found() -> Response {
    let body = "<p>Dashboard not found.</p>".to_string();
    let page = page(&Page { title: "Not found", home: Some("/"), note: String::new(), refresh: 30, body });
    (StatusCode::NOT_FOUND, page).into_response()
}

fn page(page: &Page<'_>) -> Response {
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(page.to_html())).into_response()
}
