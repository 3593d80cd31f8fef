//! Pages for browsers.

use grafana_double::Flavour;
use serde_json::{Value, json};

use crate::setting::Setting;

async fn with_dashboard(panels: Value) -> Setting {
    let setting = Setting::new(Flavour::Classic).await;
    let source = json!({
        "name": "P", "uid": "p", "type": "prometheus", "access": "proxy", "url": setting.prometheus.url,
        "isDefault": true,
    });
    setting.grafana.post("/api/datasources", &source).await.unwrap().has_status(200).unwrap();
    let dashboard = json!({"uid": "d", "title": "A <b>dashboard</b>", "refresh": "10s", "panels": panels});
    let save = json!({"dashboard": dashboard});
    setting.grafana.post("/api/dashboards/db", &save).await.unwrap().has_status(200).unwrap();
    setting
}

#[tokio::test]
async fn dashboard_page_shows_current_values() {
    let mappings = json!([{"type": "value", "options": {"1": {"text": "Running", "color": "green"}}}]);
    let target = json!({"refId": "A", "expr": "up", "legendFormat": "{{job}}", "datasource": {"uid": "p"}});
    let setting = with_dashboard(json!([
        {"type": "stat", "title": "Health", "fieldConfig": {"defaults": {"mappings": mappings}}, "targets": [target]},
        {"type": "timeseries", "title": "Course", "targets": [{"expr": "vector(1)"}]},
        {"type": "table", "title": "Nothing", "targets": [{"expr": "nothing", "datasource": {"uid": "${datasource}"}}]},
        {"type": "stat", "title": "Broken", "targets": [{"expr": "up{"}]},
    ]))
    .await;
    for path in ["/d/d", "/d/d/a-dashboard"] {
        let page = setting.grafana.get(path).await.unwrap();
        page.has_status(200).unwrap();
        let html = &page.text;
        assert!(html.contains("This is a test double, not Grafana."), "{html}");
        assert!(html.contains("http-equiv=\"refresh\" content=\"10\""), "{html}");
        assert!(html.contains("Running") && html.contains("app"), "{html}");
        assert!(html.contains("<svg") && html.contains("No data") && html.contains("bad_data: "), "{html}");
        assert!(!html.contains("<b>dashboard") && !html.contains("<script>"), "{html}");
    }
}

#[tokio::test]
async fn first_page_lists_dashboards_without_login() {
    let setting = with_dashboard(json!([])).await;
    let page = setting.grafana.get("/").await.unwrap();
    page.has_status(200).unwrap();
    assert!(
        page.text.contains("A &lt;b&gt;dashboard&lt;/b&gt;") && page.text.contains("href=\"/d/d/"),
        "{}",
        page.text
    );
    assert!(page.text.contains(&setting.prometheus.url));
    setting.grafana.get("/d/none").await.unwrap().has_status(404).unwrap();
}
