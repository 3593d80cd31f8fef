//! How the double identifies itself, and behaviour of Grafana outside of the contract.

use grafana_double::{Flavour, NAME, Running};
use serde_json::json;

use crate::setting::{PROGRAM, Setting};

#[test]
fn first_log_line_identifies_the_double() {
    let data = tempfile::tempdir().unwrap();
    let mut double = Running::start(PROGRAM, data.path(), &[]).unwrap();
    let log = double.log();
    assert!(log.lines().next().unwrap().contains("test double of Grafana's HTTP API, not Grafana"), "{log}");
}

#[tokio::test]
async fn health_names_grafana_version_and_double() {
    for (flavour, version) in [(Flavour::Classic, "13.1.7"), (Flavour::Unified, "13.2.3")] {
        let setting = Setting::new(flavour).await;
        let health = setting.grafana.get("/api/health").await.unwrap();
        health.has("/version", version).and_then(|health| health.has("/double", NAME)).unwrap();
        assert!(health.text.starts_with("{\n  \"database\": \"ok\",\n  \"version\""), "{}", health.text);
    }
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let setting = Setting::new(Flavour::Classic).await;
    for path in ["/api/nothing", "/api/datasources/1", "/api/dashboards/id/1"] {
        let answer = setting.grafana.get(path).await.unwrap();
        answer.has_status(404).and_then(|answer| answer.has_message("Not found")).unwrap();
    }
    let other_method = setting.grafana.post("/api/health", &json!({})).await.unwrap();
    other_method.has_status(404).unwrap();
    setting.grafana.get("/login").await.unwrap().has_status(404).unwrap();
}

#[tokio::test]
async fn metrics_need_no_login() {
    let setting = Setting::new(Flavour::Classic).await;
    let metrics = setting.grafana.get("/metrics").await.unwrap();
    metrics.has_status(200).unwrap();
    assert_eq!(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(metrics.text.contains("grafana_build_info{") && metrics.text.contains("version=\"13.1.7\"} 1"));
}

#[tokio::test]
async fn passwords_have_a_minimum_length_and_admins_set_them() {
    let setting = Setting::new(Flavour::Classic).await;
    let own = json!({"oldPassword": "contract123", "newPassword": "abc", "confirmNew": "abc"});
    let answer = setting.grafana.put("/api/user/password", &own).await.unwrap();
    answer.has_status(400).and_then(|answer| answer.has_message("New password is too short")).unwrap();
    let short =
        setting.grafana.put("/api/admin/users/1/password", &json!({"password": "abc"})).await.unwrap();
    short.has_status(400).and_then(|answer| answer.has_message("New password too short")).unwrap();
    let unknown =
        setting.grafana.put("/api/admin/users/9/password", &json!({"password": "abcd"})).await.unwrap();
    unknown.has_status(404).unwrap();
    let fine =
        setting.grafana.put("/api/admin/users/1/password", &json!({"password": "abcd"})).await.unwrap();
    fine.has_status(200).and_then(|answer| answer.has_message("User password updated")).unwrap();
    setting.grafana.get("/api/org").await.unwrap().has_status(401).unwrap();
}

#[tokio::test]
async fn preferences_are_replaced_by_put() {
    let setting = Setting::new(Flavour::Classic).await;
    let path = "/api/org/preferences";
    let both = json!({"theme": "dark", "timezone": "utc"});
    setting.grafana.put(path, &both).await.unwrap().has_status(200).unwrap();
    setting.grafana.put(path, &json!({"theme": "light"})).await.unwrap().has_status(200).unwrap();
    let seen = setting.grafana.get(path).await.unwrap();
    seen.has("/theme", "light").and_then(|seen| seen.has("/timezone", "")).unwrap();
    let bad = setting.grafana.put(path, &json!({"theme": "pink"})).await.unwrap();
    bad.has_status(400).and_then(|bad| bad.has_message("Invalid theme")).unwrap();
}

#[tokio::test]
async fn dashboard_is_deleted_with_its_folder() {
    for flavour in Flavour::ALL {
        let setting = Setting::new(flavour).await;
        let grafana = &setting.grafana;
        grafana
            .post("/api/folders", &json!({"uid": "f", "title": "Team"}))
            .await
            .unwrap()
            .has_status(200)
            .unwrap();
        let save = json!({"dashboard": {"uid": "d", "title": "In it"}, "folderUid": "f"});
        grafana.post("/api/dashboards/db", &save).await.unwrap().has("/folderUid", "f").unwrap();
        let seen = grafana.get("/api/dashboards/uid/d").await.unwrap();
        seen.has("/meta/folderTitle", "Team").unwrap();
        seen.has("/meta/folderUrl", "/dashboards/f/f/team").unwrap();
        grafana.delete("/api/folders/f").await.unwrap().has_status(200).unwrap();
        grafana.get("/api/dashboards/uid/d").await.unwrap().has_status(404).unwrap();
        let unknown = json!({"dashboard": {"title": "Nowhere"}, "folderUid": "none"});
        let refused = grafana.post("/api/dashboards/db", &unknown).await.unwrap();
        refused.has_one_of(&[400, 404]).unwrap();
    }
}

#[tokio::test]
async fn links_include_the_path_of_the_root_url() {
    let root = [("GF_SERVER_ROOT_URL", "http://localhost:3000/grafana/")];
    let setting = Setting::with(Flavour::Classic, &root).await;
    let save = json!({"dashboard": {"uid": "d", "title": "D"}});
    let saved = setting.grafana.post("/api/dashboards/db", &save).await.unwrap();
    saved.has("/url", "/grafana/d/d/d").unwrap();
}
