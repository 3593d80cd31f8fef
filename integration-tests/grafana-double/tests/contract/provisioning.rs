//! Data sources and dashboards from files.

use std::fs;

use grafana_double::contract::Grafana;
use grafana_double::{Flavour, Running};
use serde_json::json;

use crate::setting::{PASSWORD, PROGRAM, Setting, target, until, write};

#[test]
fn invalid_data_source_file_ends_the_process() {
    let two_defaults = "datasources: [{name: a, type: prometheus, isDefault: true}, \
                        {name: b, type: prometheus, isDefault: true}]";
    for (text, reason) in
        [("datasources: [", "broken.yaml"), (two_defaults, "Only one datasource per organization")]
    {
        let data = tempfile::tempdir().unwrap();
        write(data.path(), "provisioning/datasources/broken.yaml", text);
        let mut double = Running::spawn(PROGRAM, data.path(), &[]).unwrap();
        assert_eq!(double.wait().unwrap().code(), Some(1));
        let log = double.log();
        assert!(log.contains("Datasource provisioning error") && log.contains(reason), "{log}");
        assert!(!log.contains("HTTP Server Listen"));
    }
}

#[tokio::test]
async fn json_files_in_provisioning_are_ignored() {
    let data = tempfile::tempdir().unwrap();
    write(data.path(), "provisioning/dashboards/dashboard.json", r#"{"dashboard": {"title": "Seed"}}"#);
    let mut double =
        Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD", PASSWORD)]).unwrap();
    double.wait_for("finished to provision dashboards").unwrap();
    assert!(!double.log().contains("dashboard.json"), "{}", double.log());
    let grafana = Grafana::new(target(&double, PASSWORD, Flavour::Classic)).unwrap();
    assert_eq!(grafana.get("/api/search").await.unwrap().text, "[]");
}

#[tokio::test]
async fn changed_and_removed_files_update_dashboards() {
    for flavour in Flavour::ALL {
        let setting = Setting::new(flavour).await;
        let file = setting.data.path().join("dashboards/from-file.json");
        let path = "/api/dashboards/uid/from-file";
        fs::write(&file, r#"{"uid": "from-file", "title": "Changed"}"#).unwrap();
        let (changed, _) =
            until(&setting.grafana, path, |seen| seen.at("/dashboard/title") == "Changed").await;
        changed
            .has("/dashboard/version", 2)
            .unwrap()
            .has("/meta/provisionedExternalId", "from-file.json")
            .unwrap();
        fs::remove_file(&file).unwrap();
        until(&setting.grafana, path, |seen| seen.status == 404).await;
    }
}

#[tokio::test]
async fn wrapped_dashboard_is_only_logged() {
    let mut setting = Setting::new(Flavour::Classic).await;
    write(setting.data.path(), "dashboards/wrapped.json", r#"{"dashboard": {"title": "Seed"}}"#);
    let line = setting.double.wait_for("failed to load dashboard").unwrap();
    assert!(line.contains("wrapped.json") && line.contains("Dashboard title cannot be empty"), "{line}");
    setting.grafana.get("/api/dashboards/uid/from-file").await.unwrap().has_status(200).unwrap();
}

#[tokio::test]
async fn reload_provisions_new_files_at_once() {
    let setting = Setting::new(Flavour::Classic).await;
    let reload = |kind: &str| format!("/api/admin/provisioning/{kind}/reload");
    write(
        setting.data.path(),
        "provisioning/datasources/more.yml",
        "datasources: [{name: More, uid: more, type: prometheus}]",
    );
    let answer = setting.grafana.post(&reload("datasources"), &json!({})).await.unwrap();
    answer.has_status(200).unwrap().has_message("Datasources config reloaded").unwrap();
    let more = setting.grafana.get("/api/datasources/uid/more").await.unwrap();
    more.has("/readOnly", true).unwrap().has("/access", "proxy").unwrap();
    write(setting.data.path(), "dashboards/more.json", r#"{"uid": "more", "title": "More"}"#);
    setting.grafana.post(&reload("dashboards"), &json!({})).await.unwrap().has_status(200).unwrap();
    setting.grafana.get("/api/dashboards/uid/more").await.unwrap().has_status(200).unwrap();
    write(setting.data.path(), "provisioning/datasources/broken.yaml", "[");
    setting.grafana.post(&reload("datasources"), &json!({})).await.unwrap().has_status(500).unwrap();
}

#[tokio::test]
async fn file_may_allow_changes_by_clients() {
    let data = tempfile::tempdir().unwrap();
    let source =
        "datasources: [{name: Open, uid: open, type: prometheus, url: 'http://$$HOST', editable: true}]";
    write(data.path(), "provisioning/datasources/open.yaml", source);
    let path = data.path().join("dashboards").display().to_string();
    let provider = format!(
        "providers: [{{name: open, folder: Team, allowUiUpdates: true, options: {{path: '{path}'}}}}]"
    );
    write(data.path(), "provisioning/dashboards/open.yaml", &provider);
    write(data.path(), "dashboards/open.json", r#"{"uid": "open", "title": "Open"}"#);
    let mut double =
        Running::start(PROGRAM, data.path(), &[("GF_SECURITY_ADMIN_PASSWORD", PASSWORD)]).unwrap();
    double.wait_for("finished to provision dashboards").unwrap();
    let grafana = Grafana::new(target(&double, PASSWORD, Flavour::Classic)).unwrap();
    grafana.get("/api/datasources/uid/open").await.unwrap().has("/url", "http://$HOST").unwrap();
    grafana.delete("/api/datasources/uid/open").await.unwrap().has_status(200).unwrap();
    let seen = grafana.get("/api/dashboards/uid/open").await.unwrap();
    seen.has("/meta/provisioned", false).unwrap().has("/meta/folderTitle", "Team").unwrap();
    let save = json!({"dashboard": {"uid": "open", "title": "Saved"}, "overwrite": true});
    grafana.post("/api/dashboards/db", &save).await.unwrap().has_status(200).unwrap();
}
