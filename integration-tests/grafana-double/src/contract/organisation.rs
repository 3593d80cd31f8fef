//! Assertion 40.

use serde_json::json;

use super::answer::Checked;
use super::dashboards::{overwriting, save};
use super::grafana::{Grafana, unique};

const PREFERENCES: &str = "/api/org/preferences";

pub(super) async fn home_and_reload(grafana: &Grafana) -> Checked {
    let before = grafana.get(PREFERENCES).await?.body;
    let checked = home(grafana).await;
    // The preferences must be the same after the check.
    grafana.put(PREFERENCES, &before).await?.has_status(200)?;
    checked?;
    let reload = grafana.post("/api/admin/provisioning/dashboards/reload", &json!({})).await?;
    reload.has_status(200)?.has_message("Dashboards config reloaded")?;
    Ok(())
}

async fn home(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    let unknown = grafana.put(PREFERENCES, &json!({"homeDashboardUID": uid})).await?;
    unknown.has_status(404)?.has_message("Dashboard not found")?;
    save(grafana, &overwriting(&uid, "home")).await?.has_status(200)?;
    let known = grafana.put(PREFERENCES, &json!({"homeDashboardUID": uid})).await?;
    known.has_status(200)?.has_message("Preferences updated")?;
    let home = grafana.get("/api/dashboards/home").await?;
    home.has_status(200)?.demand(home.text.contains(&uid), "the preferred dashboard")?;
    Ok(())
}
