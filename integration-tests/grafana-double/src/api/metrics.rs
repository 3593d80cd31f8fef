//! `/metrics` in Prometheus' text format, without a login as in Grafana.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::api::app::Shared;

/// Answers `GET /metrics`.
pub(crate) async fn metrics(State(app): State<Shared>) -> Response {
    let (dashboards, data_sources) =
        app.store.read(|state| (state.dashboards.len(), state.data_sources.len()));
    let version = app.settings.flavour.version();
    let text = text(version, &app.answers.counted(), dashboards, data_sources);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn text(version: &str, answers: &BTreeMap<u16, u64>, dashboards: usize, data_sources: usize) -> String {
    let by_status = answers
        .iter()
        .map(|(status, count)| format!("grafana_api_response_status_total{{code=\"{status}\"}} {count}\n"));
    let by_status: String = by_status.collect();
    format!(
        "# HELP grafana_build_info Which Grafana this test double stands in for; it is not Grafana.\n\
         # TYPE grafana_build_info gauge\n\
         grafana_build_info{{branch=\"HEAD\",edition=\"test-double\",goversion=\"none\",\
         revision=\"0000000000\",version=\"{version}\"}} 1\n\
         # HELP grafana_api_response_status_total Answers by status.\n\
         # TYPE grafana_api_response_status_total counter\n\
         {by_status}\
         # HELP grafana_stat_totals_dashboard Dashboards.\n\
         # TYPE grafana_stat_totals_dashboard gauge\n\
         grafana_stat_totals_dashboard {dashboards}\n\
         # HELP grafana_stat_totals_datasource Data sources.\n\
         # TYPE grafana_stat_totals_datasource gauge\n\
         grafana_stat_totals_datasource {data_sources}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::answers::Answers;

    #[test]
    fn every_metrics_line_is_a_comment_or_sample() {
        let answers = Answers::default();
        answers.count(200);
        answers.count(200);
        answers.count(404);
        let text = text("13.1.7", &answers.counted(), 1, 2);
        assert!(text.contains("grafana_api_response_status_total{code=\"200\"} 2\n"));
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let is_sample = line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
            assert!(line.starts_with("# HELP ") || line.starts_with("# TYPE ") || is_sample, "{line}");
        }
    }
}
