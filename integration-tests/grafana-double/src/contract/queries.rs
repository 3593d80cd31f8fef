//! Assertions 21 to 23: requests that Grafana passes to Prometheus.

use serde_json::{Value, json};

use super::answer::Checked;
use super::answer::{Answer, Violation};
use super::data_sources::{body, make};
use super::grafana::{Grafana, unique};

pub(super) async fn health(grafana: &Grafana) -> Checked {
    let up = upstream(grafana).await?;
    grafana.get(&health_of(&up)).await?.has_status(200)?.has("/status", "OK")?;
    let down = unique("ds");
    make(grafana, &body(&down)).await?.has_status(200)?;
    grafana.get(&health_of(&down)).await?.has_status(400)?.has("/status", "ERROR")?;
    let unknown = grafana.get(&health_of(&unique("ds"))).await?;
    unknown.has_one_of(if grafana.is_strict() { &[500] } else { &[500, 404] })?;
    Ok(())
}

pub(super) async fn proxy(grafana: &Grafana) -> Checked {
    let uid = upstream(grafana).await?;
    let path =
        |uid: &str, query: &str| format!("/api/datasources/proxy/uid/{uid}/api/v1/query?query={query}");
    let fine = grafana.get(&path(&uid, "up")).await?;
    fine.has_status(200)?.has("/status", "success")?.has("/data/resultType", "vector")?;
    let failing = grafana.get(&path(&uid, "up%7B")).await?;
    failing.has_status(400)?.has("/status", "error")?.has("/errorType", "bad_data")?;
    grafana.get(&path(&unique("ds"), "up")).await?.has_status(404)?;
    Ok(())
}

pub(super) async fn query(grafana: &Grafana) -> Checked {
    let uid = upstream(grafana).await?;
    let instant = json!({"refId": "A", "expr": "vector(1)", "instant": true, "range": false});
    let answer = ask(grafana, &uid, std::slice::from_ref(&instant)).await?;
    has_two_columns(&answer)?;
    let range = json!({"refId": "A", "expr": "vector(1)", "instant": false, "range": true});
    has_two_columns(&ask(grafana, &uid, &[range]).await?)?;
    let mut fine = instant;
    fine["refId"] = json!("B");
    let failing = json!({"refId": "A", "expr": "up{", "instant": true, "range": false});
    let answer = ask(grafana, &uid, &[failing, fine]).await?;
    answer.has_status(400)?.text_at("/results/A/error")?;
    Ok(())
}

fn has_two_columns(answer: &Answer) -> Checked {
    let columns = answer.has_status(200)?.at("/results/A/frames/0/data/values").as_array();
    let lengths = columns
        .map(|columns| columns.iter().map(|column| column.as_array().map(Vec::len)).collect::<Vec<_>>());
    let equal =
        matches!(lengths.as_deref(), Some([Some(times), Some(values)]) if times == values && *times > 0);
    answer.demand(equal, "two columns of equal length")?;
    Ok(())
}

async fn upstream(grafana: &Grafana) -> Result<String, Violation> {
    let missing = || Violation::new("no Prometheus is named");
    let url = grafana.target.prometheus.as_ref().ok_or_else(missing)?;
    let uid = unique("ds");
    let mut body = body(&uid);
    body["url"] = json!(url);
    make(grafana, &body).await?.has_status(200)?;
    Ok(uid)
}

async fn ask(grafana: &Grafana, uid: &str, queries: &[Value]) -> Result<Answer, Violation> {
    let at_uid = |query: &Value| {
        let mut query = query.clone();
        query["datasource"] = json!({"uid": uid, "type": "prometheus"});
        query["intervalMs"] = json!(15_000);
        query["maxDataPoints"] = json!(100);
        query
    };
    let queries: Vec<Value> = queries.iter().map(at_uid).collect();
    grafana.post("/api/ds/query", &json!({"from": "now-1h", "to": "now", "queries": queries})).await
}

fn health_of(uid: &str) -> String {
    format!("/api/datasources/uid/{uid}/health")
}
