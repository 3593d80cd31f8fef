//! Data sources and dashboards from files.
//!
//! Data sources are provisioned before the port opens, and a broken file ends the process; dashboards are
//! provisioned beside the running server. Never looks at files whose names do not end in `.yaml` or `.yml`.

mod dashboards;
mod data_sources;
mod expand;
mod provider;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Answer, Reply};
use super::app::Shared;
use super::auth::SignedIn;
use super::log::{self, Level};

pub(crate) use dashboards::Providers;
pub(crate) use data_sources::provision as provision_data_sources;

/// Answers `POST /api/admin/provisioning/dashboards/reload`.
pub(crate) async fn reload_dashboards(State(app): State<Shared>, _: SignedIn) -> Reply {
    dashboards::provision(Arc::clone(&app)).await.map_err(internal)?;
    Ok(Answer::ok(json!({"message": "Dashboards config reloaded"})))
}

/// Answers `POST /api/admin/provisioning/datasources/reload`.
pub(crate) async fn reload_data_sources(State(app): State<Shared>, _: SignedIn) -> Reply {
    data_sources::provision(&app).map_err(internal)?;
    Ok(Answer::ok(json!({"message": "Datasources config reloaded"})))
}

/// Provisions dashboards in the background; what is wrong is in the log only.
pub(crate) fn provision_dashboards_beside(app: &Shared) {
    let app = Arc::clone(app);
    // The task ends with the server.
    drop(tokio::spawn(async move {
        if let Err(error) = dashboards::provision(app).await {
            log::line(
                Level::Error,
                "provisioning.dashboard",
                "Failed to provision dashboard",
                &[("error", &error)],
            );
        }
    }));
}

fn internal(error: String) -> Answer {
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, error)
}

/// Reads every YAML file of a folder, in the order of their names.
fn read_yaml<T: DeserializeOwned>(folder: &Path, logger: &str) -> Result<Vec<T>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let fields: [(&str, &dyn std::fmt::Display); 2] =
                [("path", &folder.display()), ("error", &error)];
            log::line(Level::Error, logger, "can't read provisioning files from directory", &fields);
            return Ok(Vec::new());
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    let is_yaml =
        |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    paths.iter().filter(is_yaml).map(|path| read_one(path)).collect()
}

fn read_one<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| named(&error))?;
    let value = if value.is_null() { json!({}) } else { value };
    serde_json::from_value(expand::expand(value)).map_err(|error| named(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Vec<Value>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        read_yaml(folder.path(), "test")
    }

    #[test]
    fn only_yaml_is_read_and_in_the_order_of_names() {
        let read = read(&[("b.yml", "n: 2"), ("a.yaml", "n: 1"), ("c.json", "{"), ("d.txt", ":::")]);
        assert_eq!(read, Ok(vec![json!({"n": 1}), json!({"n": 2})]));
    }

    #[test]
    fn a_broken_file_is_an_error_that_names_it() {
        let error = read(&[("broken.yaml", "a: [")]).unwrap_err();
        assert!(error.contains("broken.yaml"), "{error}");
    }

    #[test]
    fn a_folder_that_is_not_there_holds_nothing() {
        assert_eq!(read_yaml::<Value>(Path::new("/nonexistent"), "test"), Ok(Vec::new()));
    }
}
