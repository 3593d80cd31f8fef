//! Stored folders and their JSON form.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::slug::slug;
use crate::time;

/// The title for dashboards without a folder.
pub(crate) const GENERAL: &str = "General";

/// A folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Folder {
    pub(crate) id: u64,
    pub(crate) uid: String,
    pub(crate) title: String,
    pub(crate) parent_uid: String,
    pub(crate) version: u64,
    pub(crate) created_ms: u64,
    pub(crate) created_by: String,
}

impl Folder {
    /// Returns the path of its page.
    pub(crate) fn url(&self, sub_url: &str) -> String {
        format!("{sub_url}/dashboards/f/{}/{}", self.uid, slug(&self.title))
    }

    /// Returns the JSON form for clients.
    pub(crate) fn to_json(&self, sub_url: &str) -> Value {
        let created = time::rfc3339(self.created_ms);
        let mut body = json!({
            "id": self.id,
            "uid": self.uid,
            "orgId": 1,
            "title": self.title,
            "url": self.url(sub_url),
            "hasAcl": false,
            "canSave": true,
            "canEdit": true,
            "canAdmin": true,
            "canDelete": true,
            "createdBy": self.created_by,
            "created": created,
            "updatedBy": self.created_by,
            "updated": created,
            "version": self.version,
        });
        if !self.parent_uid.is_empty() {
            body["parentUid"] = json!(self.parent_uid);
        }
        body
    }
}
