//! Stored dashboards and their JSON form.
//!
//! Panels are returned as they were saved, with id, uid and version added.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::state::folder::{Folder, GENERAL};
use crate::state::slug::slug;
use crate::time;

/// A dashboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dashboard {
    pub(crate) id: u64,
    pub(crate) uid: String,
    pub(crate) folder_uid: String,
    /// The saved content without `id`, `uid` and `version`.
    pub(crate) spec: Map<String, Value>,
    pub(crate) version: u64,
    pub(crate) created_ms: u64,
    pub(crate) created_by: String,
    pub(crate) updated_ms: u64,
    pub(crate) updated_by: String,
    pub(crate) provisioned: Option<Provisioned>,
}

/// The source of a dashboard from a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provisioned {
    /// The provider's name.
    pub(crate) provider: String,
    /// The file, relative to the provider's folder.
    pub(crate) file: String,
    /// The hash of the file.
    pub(crate) checksum: String,
    /// Whether clients may save it.
    pub(crate) allow_ui_updates: bool,
}

impl Dashboard {
    /// Returns its title.
    pub(crate) fn title(&self) -> &str {
        self.spec.get("title").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns its tags.
    pub(crate) fn tags(&self) -> Vec<&str> {
        let tags = self.spec.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Returns the path of its page.
    pub(crate) fn url(&self, sub_url: &str) -> String {
        format!("{sub_url}/d/{}/{}", self.uid, slug(self.title()))
    }

    /// Returns whether clients may not save or delete it.
    pub(crate) fn is_locked(&self) -> bool {
        self.provisioned.as_ref().is_some_and(|source| !source.allow_ui_updates)
    }

    /// Returns the JSON form for clients, with its folder.
    pub(crate) fn to_json(&self, folder: Option<&Folder>, sub_url: &str) -> Value {
        let mut dashboard = self.spec.clone();
        dashboard.insert("id".into(), json!(self.id));
        dashboard.insert("uid".into(), json!(self.uid));
        dashboard.insert("version".into(), json!(self.version));
        json!({"meta": self.meta(folder, sub_url), "dashboard": dashboard})
    }

    fn meta(&self, folder: Option<&Folder>, sub_url: &str) -> Value {
        let file = self.provisioned.as_ref().map_or("", |source| source.file.as_str());
        json!({
            "type": "db",
            "canSave": true,
            "canEdit": true,
            "canAdmin": true,
            "canStar": true,
            "canDelete": true,
            "slug": slug(self.title()),
            "url": self.url(sub_url),
            "expires": "0001-01-01T00:00:00Z",
            "created": time::rfc3339(self.created_ms),
            "updated": time::rfc3339(self.updated_ms),
            "updatedBy": self.updated_by,
            "createdBy": self.created_by,
            "version": self.version,
            "hasAcl": false,
            "isFolder": false,
            "apiVersion": "v0alpha1",
            "folderId": folder.map_or(0, |folder| folder.id),
            "folderUid": self.folder_uid,
            "folderTitle": folder.map_or(GENERAL, |folder| folder.title.as_str()),
            "folderUrl": folder.map_or(String::new(), |folder| folder.url(sub_url)),
            "provisioned": self.is_locked(),
            "provisionedExternalId": if self.is_locked() { file } else { "" },
        })
    }
}
