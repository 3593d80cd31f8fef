//! Queries to Prometheus, and their results.

use grafana_double::Flavour;
use grafana_double::contract::Answer;
use serde_json::{Value, json};

use crate::setting::Setting;

/// A range of one hour that ends at a whole minute.
const RANGE: (&str, &str) = ("1700000000000", "1700003600000");

async fn data_source(setting: &Setting, url: &str, json_data: Value) {
    let body = json!({
        "name": "P", "uid": "p", "type": "prometheus", "access": "proxy", "url": url, "jsonData": json_data,
    });
    setting.grafana.post("/api/datasources", &body).await.unwrap().has_status(200).unwrap();
}

async fn ask(setting: &Setting, query: Value) -> Answer {
    let mut query = query;
    query["refId"] = json!("A");
    query["datasource"] = json!({"uid": "p", "type": "prometheus"});
    let body = json!({"from": RANGE.0, "to": RANGE.1, "queries": [query]});
    setting.grafana.post("/api/ds/query", &body).await.unwrap()
}

#[tokio::test]
async fn range_query_is_interpolated_and_aligned() {
    for method in ["POST", "GET"] {
        let setting = Setting::new(Flavour::Classic).await;
        data_source(&setting, &setting.prometheus.url, json!({"httpMethod": method, "timeInterval": "15s"}))
            .await;
        let expr = "rate(x[$__rate_interval]) + rate(x[$__interval]) + rate(x[$__range])";
        let query = json!({"expr": expr, "range": true, "intervalMs": 15_000, "maxDataPoints": 240});
        ask(&setting, query).await.has_status(200).unwrap();
        let asked = setting.prometheus.asked().pop().unwrap();
        assert_eq!(asked["query"], "rate(x[1m0s]) + rate(x[15s]) + rate(x[3600s])");
        assert_eq!((asked["start"].as_str(), asked["end"].as_str()), ("1699999995", "1700003595"));
        assert_eq!(asked["step"], "15");
    }
}

#[tokio::test]
async fn instant_query_uses_the_end_of_the_range() {
    let setting = Setting::new(Flavour::Classic).await;
    data_source(&setting, &setting.prometheus.url, json!({})).await;
    let answer =
        ask(&setting, json!({"expr": "up", "instant": true, "range": false, "format": "table"})).await;
    answer.has_status(200).unwrap();
    assert_eq!(setting.prometheus.asked().pop().unwrap()["time"], "1700003600");
    let frames = answer.at("/results/A/frames").as_array().unwrap();
    assert_eq!(frames.len(), 2, "one frame for each series");
    assert_eq!(frames[0]["schema"]["meta"]["custom"]["resultType"], "vector");
    assert_eq!(frames[0]["data"]["values"], json!([[1_700_003_600_000_u64], [1.0]]));
}

#[tokio::test]
async fn query_without_series_is_one_empty_frame() {
    let setting = Setting::new(Flavour::Classic).await;
    data_source(&setting, &setting.prometheus.url, json!({})).await;
    let answer = ask(&setting, json!({"expr": "nothing", "instant": true})).await;
    answer.has_status(200).unwrap().has("/results/A/frames/0/data/values", json!([])).unwrap();
}

#[tokio::test]
async fn infinite_and_nan_values_are_null() {
    let setting = Setting::new(Flavour::Classic).await;
    data_source(&setting, &setting.prometheus.url, json!({})).await;
    let answer = ask(&setting, json!({"expr": "odd", "instant": true})).await;
    answer.has("/results/A/frames/0/data/values/1", json!([null])).unwrap();
    answer.has("/results/A/frames/1/data/entities/1", json!({"Inf": [0]})).unwrap();
}

#[tokio::test]
async fn failed_query_has_its_reason_and_source() {
    let setting = Setting::new(Flavour::Classic).await;
    data_source(&setting, &setting.prometheus.url, json!({})).await;
    let answer = ask(&setting, json!({"expr": "up{", "instant": true})).await;
    answer.has_status(400).unwrap().has("/results/A/status", 400).unwrap();
    answer.has("/results/A/errorSource", "downstream").unwrap().has("/results/A/frames", json!([])).unwrap();
    assert!(answer.text_at("/results/A/error").unwrap().starts_with("bad_data: "), "{}", answer.text);
}

#[tokio::test]
async fn unreachable_prometheus_is_a_bad_gateway() {
    let setting = Setting::new(Flavour::Classic).await;
    data_source(&setting, "http://127.0.0.1:1", json!({})).await;
    let answer = ask(&setting, json!({"expr": "up", "instant": true})).await;
    answer.has_status(400).unwrap().has("/results/A/status", 502).unwrap();
    let proxied = setting.grafana.get("/api/datasources/proxy/uid/p/api/v1/query?query=up").await.unwrap();
    proxied.has_status(502).unwrap();
}

#[tokio::test]
async fn query_without_known_data_source_is_rejected() {
    let setting = Setting::new(Flavour::Classic).await;
    let post = |queries: Value| {
        let body = json!({"from": "now-1h", "to": "now", "queries": queries});
        let grafana = &setting.grafana;
        async move { grafana.post("/api/ds/query", &body).await.unwrap() }
    };
    post(json!([])).await.has_status(400).unwrap().has_message("No queries found").unwrap();
    post(json!([{"refId": "A", "expr": "up"}])).await.has_status(400).unwrap();
    let unknown = post(json!([{"refId": "A", "expr": "up", "datasource": {"uid": "none"}}])).await;
    unknown.has_status(404).unwrap().has_message("Data source not found").unwrap();
}

#[tokio::test]
async fn data_source_without_plugin_is_accepted_but_fails() {
    let setting = Setting::new(Flavour::Classic).await;
    for (kind, health, proxy) in [("loki", 500, 404), ("alertmanager", 404, 404)] {
        let body =
            json!({"name": kind, "uid": kind, "type": kind, "access": "proxy", "url": "http://127.0.0.1:1"});
        setting.grafana.post("/api/datasources", &body).await.unwrap().has_status(200).unwrap();
        let health_path = format!("/api/datasources/uid/{kind}/health");
        setting.grafana.get(&health_path).await.unwrap().has_status(health).unwrap();
        let proxy_path = format!("/api/datasources/proxy/uid/{kind}/api/v1/query?query=up");
        setting.grafana.get(&proxy_path).await.unwrap().has_status(proxy).unwrap();
    }
    let illegal = setting.grafana.get("/api/datasources/uid/not%20a%20uid/health").await.unwrap();
    illegal.has_status(400).unwrap().has_message("UID is invalid").unwrap();
}
