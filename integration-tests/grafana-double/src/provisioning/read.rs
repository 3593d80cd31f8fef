//! Reads a folder of provisioning files.
//!
//! Only files that end in `.yaml` or `.yml` are read.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::expand::expand;
use crate::log::{self, Level};

/// Reads every YAML file of a folder in the order of names.
pub(super) fn read_yaml<T: DeserializeOwned>(folder: &Path, logger: &str) -> Result<Vec<T>, String> {
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
    serde_json::from_value(expand(value)).map_err(|error| named(&error))
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
    fn yaml_files_are_read_in_name_order() {
        let read = read(&[("b.yml", "n: 2"), ("a.yaml", "n: 1"), ("c.json", "{"), ("d.txt", ":::")]);
        assert_eq!(read, Ok(vec![json!({"n": 1}), json!({"n": 2})]));
    }

    #[test]
    fn invalid_file_is_named_in_the_error() {
        let error = read(&[("broken.yaml", "a: [")]).unwrap_err();
        assert!(error.contains("broken.yaml"), "{error}");
    }

    #[test]
    fn missing_folder_is_empty() {
        assert_eq!(read_yaml::<Value>(Path::new("/nonexistent"), "test"), Ok(Vec::new()));
    }
}
