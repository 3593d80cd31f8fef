//! Assertions 26 to 38.

use serde_json::{Value, json};

use super::answer::Checked;
use super::answer::{Answer, Violation};
use super::grafana::{Grafana, unique};
use crate::Flavour;

const SAVE: &str = "/api/dashboards/db";

pub(super) async fn add(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let title = format!("Contract Dashboard {uid}");
    let slug = format!("contract-dashboard-{uid}");
    let answer = save(grafana, &json!({"dashboard": {"uid": uid, "title": title}})).await?;
    answer.has_status(200)?.has("/status", "success")?.has("/version", 1)?;
    answer.has("/url", format!("/d/{uid}/{slug}"))?.has("/slug", slug)?.has("/uid", uid)?;
    Ok(())
}

pub(super) async fn change(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let before = save(grafana, &overwriting(&uid, "first")).await?.has_status(200)?.number_at("/version")?;
    let answer = save(grafana, &overwriting(&uid, "second")).await?;
    let after = answer.has_status(200)?.number_at("/version")?;
    answer.demand(after > before, &format!("a version above {before}"))?;
    Ok(())
}

pub(super) async fn same(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let before = save(grafana, &overwriting(&uid, "same")).await?.has_status(200)?.number_at("/version")?;
    let answer = save(grafana, &overwriting(&uid, "same")).await?;
    let after = answer.has_status(200)?.number_at("/version")?;
    let expected = match grafana.target.flavour {
        Some(Flavour::Classic) => after == before + 1,
        Some(Flavour::Unified) => after == before,
        None => after == before || after == before + 1,
    };
    answer.demand(expected, &format!("the version of its flavour after {before}"))?;
    Ok(())
}

pub(super) async fn conflict(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    save(grafana, &overwriting(&uid, "first")).await?.has_status(200)?;
    save(grafana, &overwriting(&uid, "second")).await?.has_status(200)?;
    for version in [Value::Null, json!(1)] {
        let mut body = json!({"dashboard": dashboard(&uid, "third"), "overwrite": false});
        if !version.is_null() {
            body["dashboard"]["version"] = version;
        }
        is_conflict(&save(grafana, &body).await?, grafana.target.flavour)?;
    }
    Ok(())
}

fn is_conflict(answer: &Answer, flavour: Option<Flavour>) -> Checked {
    match (flavour, answer.status) {
        (Some(Flavour::Classic), _) | (None, 412) => {
            answer.has_status(412)?.has("/status", "version-mismatch")?;
        }
        _ => {
            let message = "Dashboard already exists. Use overwrite flag to update.";
            answer.has_status(409)?.has_message(message)?.has("/status", Value::Null)?;
        }
    }
    Ok(())
}

pub(super) async fn current(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let version = save(grafana, &overwriting(&uid, "first")).await?.has_status(200)?.number_at("/version")?;
    let mut body = json!({"dashboard": dashboard(&uid, "second"), "overwrite": false});
    body["dashboard"]["version"] = json!(version);
    save(grafana, &body).await?.has_status(200)?;
    Ok(())
}

pub(super) async fn same_title(grafana: &Grafana) -> Checked {
    let title = unique("title");
    let body = json!({"dashboard": {"title": title}, "overwrite": false});
    let first = save(grafana, &body).await?.has_status(200)?.text_at("/uid")?;
    let second = save(grafana, &body).await?;
    if !grafana.is_strict() && second.status == 412 {
        second.has("/status", "name-exists")?;
        return Ok(());
    }
    let uid = second.has_status(200)?.text_at("/uid")?;
    second.demand(uid != first, "a new uid")?;
    Ok(())
}

pub(super) async fn no_title(grafana: &Grafana) -> Checked {
    let answer = save(grafana, &json!({"dashboard": {"title": ""}})).await?;
    answer.has_status(400)?.text_at("/message")?;
    Ok(())
}

pub(super) async fn missing(grafana: &Grafana) -> Checked {
    save(grafana, &json!({"overwrite": true})).await?.has_status(400)?.has_message("bad request data")?;
    Ok(())
}

pub(super) async fn illegal_uid(grafana: &Grafana) -> Checked {
    let answer = save(grafana, &json!({"dashboard": {"uid": "not a uid/", "title": "Illegal"}})).await?;
    answer.has_status(400)?;
    if grafana.target.flavour == Some(Flavour::Classic) {
        answer.has_message("uid contains illegal characters")?;
    }
    Ok(())
}

pub(super) async fn unknown_id(grafana: &Grafana) -> Checked {
    let title = unique("title");
    let unknown = save(grafana, &json!({"dashboard": {"id": 999_999_999, "title": title}})).await?;
    unknown.has_status(404)?.has_message("Dashboard not found")?;
    for none in [Value::Null, json!(0)] {
        let body = json!({"dashboard": {"id": none, "uid": unique("db"), "title": title}});
        save(grafana, &body).await?.has_status(200)?.has("/version", 1)?;
    }
    Ok(())
}

pub(super) async fn provisioned(grafana: &Grafana) -> Checked {
    let missing = || Violation::new("no provisioned dashboard is named");
    let uid = grafana.target.provisioned_dashboard.as_ref().ok_or_else(missing)?;
    let known = grafana.get(&by_uid(uid)).await?;
    known.has_status(200)?.has("/meta/provisioned", true)?;
    for overwrite in [false, true] {
        let body = json!({"dashboard": known.at("/dashboard"), "overwrite": overwrite});
        let answer = grafana.post(SAVE, &body).await?;
        answer.has_status(400)?.has_message("Cannot save provisioned dashboard")?;
    }
    Ok(())
}

pub(super) async fn read(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let unknown = grafana.get(&by_uid(&uid)).await?;
    unknown.has_status(404)?.has_message("Dashboard not found")?;
    let sent = overwriting(&uid, "read");
    save(grafana, &sent).await?.has_status(200)?;
    let known = grafana.get(&by_uid(&uid)).await?;
    known.has_status(200)?.has("/dashboard/uid", uid)?;
    known.has("/dashboard/panels", sent["dashboard"]["panels"].clone())?;
    known.has("/meta/version", known.number_at("/dashboard/version")?)?;
    known.has("/meta/folderTitle", "General")?.has("/meta/provisioned", false)?;
    Ok(())
}

pub(super) async fn remove(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let sent = overwriting(&uid, "remove");
    let title = sent["dashboard"]["title"].as_str().unwrap_or_default();
    save(grafana, &sent).await?.has_status(200)?;
    let answer = grafana.delete(&by_uid(&uid)).await?;
    answer.has_status(200)?.has_message(&format!("Dashboard {title} deleted"))?;
    grafana.get(&by_uid(&uid)).await?.has_status(404)?;
    Ok(())
}

/// Saves a dashboard for one assertion.
pub(super) async fn save(grafana: &Grafana, body: &Value) -> Result<Answer, Violation> {
    let answer = grafana.post(SAVE, body).await?;
    if answer.status == 200 {
        grafana.made(by_uid(&answer.text_at("/uid")?));
    }
    Ok(answer)
}

/// Returns a save that always succeeds.
pub(super) fn overwriting(uid: &str, panel: &str) -> Value {
    json!({"dashboard": dashboard(uid, panel), "overwrite": true})
}

fn dashboard(uid: &str, panel: &str) -> Value {
    let source = json!({"type": "prometheus", "uid": "prometheus"});
    let target = json!({"refId": "A", "datasource": source, "expr": "up", "instant": true, "range": false});
    let place = json!({"h": 8, "w": 12, "x": 0, "y": 0});
    let panel = json!({
        "id": 1,
        "type": "stat",
        "title": panel,
        "datasource": source,
        "gridPos": place,
        "targets": [target],
    });
    json!({"uid": uid, "title": format!("Contract {uid}"), "schemaVersion": 39, "panels": [panel]})
}

fn by_uid(uid: &str) -> String {
    format!("/api/dashboards/uid/{uid}")
}
