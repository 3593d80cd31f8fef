//! Assertions 12 to 20.

use serde_json::{Value, json};

use super::answer::Checked;
use super::answer::{Answer, Violation};
use super::grafana::{Grafana, unique};

const ALL: &str = "/api/datasources";

pub(super) async fn add(grafana: &Grafana) -> Checked {
    let uid = unique("ds");
    let answer = make(grafana, &body(&uid)).await?;
    answer.has_status(200)?.has_message("Datasource added")?;
    answer.number_at("/id")?;
    answer.has("/datasource/uid", uid)?.has("/datasource/version", 1)?.has("/datasource/readOnly", false)?;
    Ok(())
}

pub(super) async fn taken(grafana: &Grafana) -> Checked {
    let (uid, other) = (unique("ds"), unique("ds"));
    make(grafana, &body(&uid)).await?.has_status(200)?;
    let mut same_name = body(&other);
    same_name["name"] = json!(uid);
    let answer = make(grafana, &same_name).await?;
    answer.has_status(409)?.has_message("data source with the same name already exists")?;
    let mut same_uid = body(&other);
    same_uid["uid"] = json!(uid);
    let answer = make(grafana, &same_uid).await?;
    answer.has_status(409)?.has_message("data source with the same uid already exists")?;
    Ok(())
}

pub(super) async fn malformed(grafana: &Grafana) -> Checked {
    let mut nameless = body(&unique("ds"));
    nameless["name"] = Value::Null;
    grafana.post(ALL, &nameless).await?.has_status(400)?.has_message("bad request data")?;
    let undeclared = body(&unique("ds")).to_string();
    grafana.post_plain(ALL, &undeclared).await?.has_status(400)?.has_message("bad request data")?;
    Ok(())
}

pub(super) async fn read(grafana: &Grafana) -> Checked {
    let uid = unique("ds");
    let unknown = grafana.get(&by_uid(&uid)).await?;
    unknown.has_status(404)?.has_message("Data source not found")?;
    let mut with_secret = body(&uid);
    with_secret["secureJsonData"] = json!({"httpHeaderValue1": "the-secret-value"});
    make(grafana, &with_secret).await?.has_status(200)?;
    let known = grafana.get(&by_uid(&uid)).await?;
    known.has_status(200)?.has("/uid", uid)?.has("/type", "prometheus")?;
    known.has("/secureJsonFields", json!({"httpHeaderValue1": true}))?;
    known.demand(!known.text.contains("the-secret-value"), "no secret")?;
    Ok(())
}

pub(super) async fn update(grafana: &Grafana) -> Checked {
    let uid = unique("ds");
    let unknown = grafana.put(&by_uid(&uid), &body(&uid)).await?;
    unknown.has_status(404)?;
    make(grafana, &body(&uid)).await?.has_status(200)?;
    for url in ["http://127.0.0.1:2", "http://127.0.0.1:3"] {
        let mut changed = body(&uid);
        changed["url"] = json!(url);
        let answer = grafana.put(&by_uid(&uid), &changed).await?;
        answer.has_status(200)?.has_message("Datasource updated")?.has("/datasource/url", url)?;
        answer.has("/datasource/version", 1)?;
    }
    Ok(())
}

pub(super) async fn stale(grafana: &Grafana) -> Checked {
    let uid = unique("ds");
    make(grafana, &body(&uid)).await?.has_status(200)?;
    let mut first = body(&uid);
    first["version"] = json!(1);
    grafana.put(&by_uid(&uid), &first).await?.has_status(200)?.has("/datasource/version", 2)?;
    grafana.put(&by_uid(&uid), &first).await?.has_status(409)?;
    Ok(())
}

pub(super) async fn read_only(grafana: &Grafana) -> Checked {
    let missing = || Violation::new("no read-only data source is named");
    let uid = grafana.target.read_only_data_source.as_ref().ok_or_else(missing)?;
    let known = grafana.get(&by_uid(uid)).await?;
    known.has_status(200)?.has("/readOnly", true)?;
    let put = grafana.put(&by_uid(uid), &known.body).await?;
    put.has_status(403)?.has_message("Cannot update read-only data source")?;
    let delete = grafana.delete(&by_uid(uid)).await?;
    delete.has_status(403)?.has_message("Cannot delete read-only data source")?;
    Ok(())
}

pub(super) async fn remove(grafana: &Grafana) -> Checked {
    let uid = unique("ds");
    make(grafana, &body(&uid)).await?.has_status(200)?;
    grafana.delete(&by_uid(&uid)).await?.has_status(200)?.has_message("Data source deleted")?;
    grafana.delete(&by_uid(&uid)).await?.has_status(404)?;
    Ok(())
}

pub(super) async fn default(grafana: &Grafana) -> Checked {
    let all = grafana.get(ALL).await?;
    let before = all.body.as_array().into_iter().flatten().find(|known| known["isDefault"] == true).cloned();
    let checked = one_default(grafana).await;
    if let Some(before) = before {
        // The previous default data source must be the default again after the check.
        let uid = before["uid"].as_str().unwrap_or_default();
        let mut restored = grafana.get(&by_uid(uid)).await?.body;
        restored["isDefault"] = json!(true);
        grafana.put(&by_uid(uid), &restored).await?.has_status(200)?;
    }
    checked
}

async fn one_default(grafana: &Grafana) -> Checked {
    let uids = [unique("ds"), unique("ds")];
    for uid in &uids {
        let mut default = body(uid);
        default["isDefault"] = json!(true);
        make(grafana, &default).await?.has_status(200)?;
    }
    grafana.get(&by_uid(&uids[0])).await?.has("/isDefault", false)?;
    grafana.get(&by_uid(&uids[1])).await?.has("/isDefault", true)?;
    Ok(())
}

/// Creates a data source for one assertion.
pub(super) async fn make(grafana: &Grafana, body: &Value) -> Result<Answer, Violation> {
    let answer = grafana.post(ALL, body).await?;
    if answer.status == 200 {
        grafana.made(by_uid(&answer.text_at("/datasource/uid")?));
    }
    Ok(answer)
}

/// Returns a data source whose Prometheus is down.
pub(super) fn body(uid: &str) -> Value {
    json!({"name": uid, "uid": uid, "type": "prometheus", "access": "proxy", "url": "http://127.0.0.1:1"})
}

fn by_uid(uid: &str) -> String {
    format!("{ALL}/uid/{uid}")
}
