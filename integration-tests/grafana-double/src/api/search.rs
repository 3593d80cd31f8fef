//! `/api/search`: dashboards and folders by title, tag or uid.
//!
//! New objects may appear late: since Grafana 12 the index follows the store, with a delay that tests can set.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::api::answer::{Answer, Reply};
use crate::api::app::Shared;
use crate::api::auth::SignedIn;
use crate::state::State as Remembered;
use crate::state::dashboard::Dashboard;
use crate::state::folder::Folder;
use crate::state::slug::slug;
use crate::time;

const MOST: usize = 5000;

/// Conditions of a search.
#[derive(Debug, Default)]
struct Wanted {
    title: String,
    types: Vec<String>,
    tags: Vec<String>,
    uids: Vec<String>,
    folder_uids: Vec<String>,
    limit: usize,
    page: usize,
}

/// Answers `GET /api/search`.
pub(crate) async fn search(
    State(app): State<Shared>,
    _: SignedIn,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Reply {
    let wanted = Wanted::read(parameters);
    if wanted.limit > MOST {
        let message = "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit";
        return Err(Answer::message(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    let indexed_until = time::now_ms().saturating_sub(time::whole_ms(app.settings.search_delay));
    let sub_url = &app.settings.sub_url;
    Ok(Answer::ok(app.store.read(|state| hits(state, &wanted, indexed_until, sub_url)).into()))
}

impl Wanted {
    fn read(parameters: Vec<(String, String)>) -> Self {
        let mut wanted = Self { limit: 1000, page: 1, ..Self::default() };
        for (name, value) in parameters {
            match name.as_str() {
                "query" => wanted.title = value.to_lowercase(),
                "type" => wanted.types.push(value),
                "tag" => wanted.tags.push(value),
                "dashboardUIDs" | "dashboardUID" => wanted.uids.push(value),
                "folderUIDs" => wanted.folder_uids.push(value),
                "limit" => wanted.limit = value.parse().ok().filter(|limit| *limit > 0).unwrap_or(1000),
                "page" => wanted.page = value.parse().ok().filter(|page| *page > 0).unwrap_or(1),
                _ => {}
            }
        }
        wanted
    }

    fn has_type(&self, word: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|wanted| wanted == word)
    }

    fn fits_folder(&self, folder: &Folder) -> bool {
        let title = folder.title.to_lowercase().contains(&self.title);
        self.has_type("dash-folder") && title && self.tags.is_empty() && self.uids.is_empty() && {
            self.folder_uids.is_empty() || self.folder_uids.contains(&folder.parent_uid)
        }
    }

    fn fits_dashboard(&self, dashboard: &Dashboard) -> bool {
        let tags = dashboard.tags();
        self.has_type("dash-db")
            && dashboard.title().to_lowercase().contains(&self.title)
            && self.tags.iter().all(|tag| tags.contains(&tag.as_str()))
            && (self.uids.is_empty() || self.uids.contains(&dashboard.uid))
            && (self.folder_uids.is_empty() || self.in_folder(&dashboard.folder_uid))
    }

    fn in_folder(&self, folder_uid: &str) -> bool {
        // `general` means dashboards without a folder.
        self.folder_uids
            .iter()
            .any(|wanted| wanted == folder_uid || (wanted == "general" && folder_uid.is_empty()))
    }
}

fn hits(state: &Remembered, wanted: &Wanted, indexed_until: u64, sub_url: &str) -> Vec<Value> {
    let folders = state.folders.iter().filter(|folder| folder.created_ms <= indexed_until);
    let folders =
        folders.filter(|folder| wanted.fits_folder(folder)).map(|folder| folder_hit(folder, sub_url));
    let dashboards = state.dashboards.iter().filter(|dashboard| dashboard.created_ms <= indexed_until);
    let dashboards = dashboards.filter(|dashboard| wanted.fits_dashboard(dashboard));
    let dashboards = dashboards.map(|dashboard| dashboard_hit(state, dashboard, sub_url));
    let mut hits: Vec<Value> = folders.chain(dashboards).collect();
    hits.sort_by_key(|hit| hit["title"].as_str().unwrap_or_default().to_lowercase());
    hits.into_iter().skip((wanted.page - 1) * wanted.limit).take(wanted.limit).collect()
}

fn folder_hit(folder: &Folder, sub_url: &str) -> Value {
    json!({
        "id": folder.id,
        "uid": folder.uid,
        "title": folder.title,
        "uri": format!("db/{}", slug(&folder.title)),
        "url": folder.url(sub_url),
        "slug": "",
        "type": "dash-folder",
        "tags": [],
        "isStarred": false,
        "sortMeta": 0,
    })
}

fn dashboard_hit(state: &Remembered, dashboard: &Dashboard, sub_url: &str) -> Value {
    let mut hit = json!({
        "id": dashboard.id,
        "uid": dashboard.uid,
        "title": dashboard.title(),
        "uri": format!("db/{}", slug(dashboard.title())),
        "url": dashboard.url(sub_url),
        "slug": "",
        "type": "dash-db",
        "tags": dashboard.tags(),
        "isStarred": false,
        "sortMeta": 0,
    });
    if let Some(folder) = state.folder(&dashboard.folder_uid) {
        hit["folderUid"] = json!(folder.uid);
        hit["folderTitle"] = json!(folder.title);
        hit["folderUrl"] = json!(folder.url(sub_url));
    }
    hit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::dashboards;
    use crate::api::folders;
    use crate::state::Author;

    fn state() -> Remembered {
        let mut state = Remembered::default();
        let author = Author { now_ms: 1000, ..Author::default() };
        let folder = folders::Wanted { uid: "f".into(), title: "Team".into(), ..folders::Wanted::default() };
        folders::insert(&mut state, folder, &author).unwrap();
        for (uid, title, tag, folder_uid) in [("b", "Beta", "x", "f"), ("a", "alpha beta", "y", "")] {
            let spec = json!({"uid": uid, "title": title, "tags": [tag]});
            let wanted = dashboards::Wanted {
                spec: spec.as_object().cloned().unwrap(),
                folder_uid: folder_uid.into(),
                ..dashboards::Wanted::default()
            };
            dashboards::save(&mut state, wanted, &author).unwrap();
        }
        state
    }

    fn uids(parameters: &[(&str, &str)], indexed_until: u64) -> Vec<String> {
        let parameters =
            parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let hits = hits(&state(), &Wanted::read(parameters), indexed_until, "");
        hits.iter().map(|hit| hit["uid"].as_str().unwrap().to_string()).collect()
    }

    #[test]
    fn hits_are_sorted_by_title_ignoring_case() {
        assert_eq!(uids(&[], 1000), ["a", "b", "f"]);
    }

    #[test]
    fn every_condition_filters_the_hits() {
        assert_eq!(uids(&[("type", "dash-db"), ("query", "BETA")], 1000), ["a", "b"]);
        assert_eq!(uids(&[("tag", "x")], 1000), ["b"]);
        assert_eq!(uids(&[("dashboardUIDs", "a")], 1000), ["a"]);
        assert_eq!(uids(&[("folderUIDs", "f")], 1000), ["b"]);
        assert_eq!(uids(&[("folderUIDs", "general"), ("type", "dash-db")], 1000), ["a"]);
        assert_eq!(uids(&[("limit", "1"), ("page", "2")], 1000), ["b"]);
    }

    #[test]
    fn newer_objects_than_the_index_are_not_found() {
        assert!(uids(&[], 999).is_empty());
    }
}
