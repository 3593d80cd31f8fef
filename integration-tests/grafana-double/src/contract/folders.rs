//! Assertions 24 and 25.

use serde_json::json;

use super::answer::Checked;
use super::grafana::{Grafana, unique};

pub(super) async fn add(grafana: &Grafana) -> Checked {
    let uid = unique("folder");
    grafana.made(format!("/api/folders/{uid}"));
    let body = json!({"uid": uid, "title": uid});
    grafana.post("/api/folders", &body).await?.has_status(200)?.has("/uid", uid)?;
    grafana.post("/api/folders", &body).await?.has_status(412)?.has("/status", "version-mismatch")?;
    let untitled = json!({"uid": unique("folder"), "title": ""});
    grafana.post("/api/folders", &untitled).await?.has_status(400)?;
    Ok(())
}

pub(super) async fn unknown(grafana: &Grafana) -> Checked {
    let path = format!("/api/folders/{}", unique("folder"));
    grafana.get(&path).await?.has_status(404)?.has("/status", "not-found")?;
    Ok(())
}
