//! Finds the dashboards below a provider's path.
//!
//! It only reads files, and returns dashboards and errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::provider::Provider;
use crate::state::password::sha256;

/// A dashboard on disk.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// Its file, relative to the provider's path.
    pub(super) file: String,
    /// The hash of the file.
    pub(super) checksum: String,
    /// The dashboard without the id of another Grafana.
    pub(super) spec: Map<String, Value>,
    /// The title of its folder; empty for none.
    pub(super) folder: String,
}

/// The result of a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Walked {
    /// The dashboards.
    pub(super) found: Vec<Found>,
    /// The files that are not dashboards, with the reason.
    pub(super) broken: Vec<(String, String)>,
}

/// Finds a provider's dashboards.
pub(super) fn walk(provider: &Provider) -> Result<Walked, String> {
    let root = &provider.options.path;
    let unreadable = |error: std::io::Error| format!("`{}`: {error}", root.display());
    let is_folder = fs::metadata(root).map_err(unreadable)?.is_dir();
    let paths = if is_folder { below(root).map_err(unreadable)? } else { vec![root.clone()] };
    let base = if is_folder { root.as_path() } else { root.parent().unwrap_or(root) };
    let mut walked = Walked::default();
    for path in paths {
        let file = path.strip_prefix(base).unwrap_or(&path).display().to_string();
        match read(provider, base, &path, &file) {
            Ok(found) => walked.found.push(found),
            Err(reason) => walked.broken.push((file, reason)),
        }
    }
    Ok(walked)
}

/// Returns uids and titles that occur twice; Grafana then does not change the provider's dashboards.
pub(super) fn duplicates(found: &[Found]) -> Vec<String> {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for dashboard in found {
        let text =
            |key: &str| dashboard.spec.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        for key in ["uid", "title"] {
            if let Some(value) = text(key) {
                // Titles must be unique only within a folder.
                let folder = if key == "title" { dashboard.folder.as_str() } else { "" };
                *used.entry(format!("{key}={value:?} {folder}").trim_end().to_string()).or_default() += 1;
            }
        }
    }
    used.into_iter().filter(|(_, times)| *times > 1).map(|(what, _)| what).collect()
}

fn below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        let is_hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() {
            // Hidden folders of a ConfigMap contain the same files again.
            if !is_hidden {
                files.extend(below(&entry)?);
            }
        } else if entry.extension().is_some_and(|extension| extension == "json") {
            files.push(entry);
        }
    }
    Ok(files)
}

fn read(provider: &Provider, base: &Path, path: &Path, file: &str) -> Result<Found, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let mut spec: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    spec.remove("id");
    if spec.get("title").and_then(Value::as_str).unwrap_or_default().is_empty() {
        return Err("Dashboard title cannot be empty".into());
    }
    let folder = if provider.options.folders_from_files_structure {
        let parent = path.parent().filter(|parent| *parent != base).and_then(Path::file_name);
        parent.map_or(String::new(), |name| name.to_string_lossy().into_owned())
    } else {
        provider.folder.clone()
    };
    Ok(Found { file: file.to_string(), checksum: sha256(&text), spec, folder })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(path: &Path, options: &str) -> Provider {
        let yaml = format!("{{name: t, options: {{path: '{}'{options}}}}}", path.display());
        serde_yaml::from_str(&yaml).unwrap()
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn wrapped_and_invalid_dashboards_are_errors() {
        let folder = folder(&[
            ("a.json", r#"{"id": 9, "title": "A"}"#),
            ("team/b.json", r#"{"title": "B"}"#),
            ("wrapped.json", r#"{"dashboard": {"title": "W"}}"#),
            ("broken.json", "{"),
            (".hidden/c.json", r#"{"title": "C"}"#),
            ("note.txt", "x"),
        ]);
        let walked = walk(&provider(folder.path(), ", foldersFromFilesStructure: true")).unwrap();
        let found: Vec<_> =
            walked.found.iter().map(|found| (found.file.as_str(), found.folder.as_str())).collect();
        assert_eq!(found, [("a.json", ""), ("team/b.json", "team")]);
        assert!(!walked.found[0].spec.contains_key("id"));
        let broken: Vec<_> = walked.broken.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(broken, ["broken.json", "wrapped.json"]);
        assert_eq!(walked.broken[1].1, "Dashboard title cannot be empty");
    }

    #[test]
    fn path_may_be_one_file() {
        let folder = folder(&[("a.json", r#"{"title": "A"}"#), ("b.json", r#"{"title": "B"}"#)]);
        let walked = walk(&provider(&folder.path().join("b.json"), "")).unwrap();
        assert_eq!(walked.found.len(), 1);
        assert_eq!(walked.found[0].file, "b.json");
    }

    #[test]
    fn duplicate_uids_and_titles_are_reported() {
        let folder = folder(&[
            ("a.json", r#"{"title": "A", "uid": "x"}"#),
            ("b.json", r#"{"title": "B", "uid": "x"}"#),
            ("c.json", r#"{"title": "A", "uid": "z"}"#),
        ]);
        let walked = walk(&provider(folder.path(), "")).unwrap();
        assert_eq!(duplicates(&walked.found), ["title=\"A\"", "uid=\"x\""]);
    }
}
