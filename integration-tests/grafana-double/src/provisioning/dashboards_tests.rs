//! Tests of the effects of a provider's scan.

use std::fs;
use std::path::Path;

use super::*;
use crate::state::dashboard::Dashboard;

fn provider(path: &Path, rest: &str) -> Provider {
    let yaml = format!("{{name: t, options: {{path: '{}'}}{rest}}}", path.display());
    serde_yaml::from_str(&yaml).unwrap()
}

fn looked(state: &mut State, provider: &Provider) {
    let walked = walk(provider).unwrap();
    if !is_settled(state, provider, &walked) {
        apply(state, provider, &walked, &Author::default());
        assert!(is_settled(state, provider, &walked), "a second scan changes nothing");
    }
}

#[test]
fn only_changed_files_make_a_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let provider = provider(folder.path(), ", folder: Team");
    let mut state = State::default();
    fs::write(&file, r#"{"title": "A"}"#).unwrap();
    looked(&mut state, &provider);
    looked(&mut state, &provider);
    assert_eq!((state.dashboards.len(), state.dashboards[0].version), (1, 1));
    assert_eq!(state.folders[0].title, "Team");
    assert!(state.dashboards[0].is_locked());
    fs::write(&file, r#"{"title": "B"}"#).unwrap();
    looked(&mut state, &provider);
    assert_eq!((state.dashboards.len(), state.dashboards[0].version), (1, 2));
    assert_eq!(state.folders.len(), 1, "a second folder was created");
}

#[test]
fn removed_file_removes_its_dashboard_unless_disabled() {
    for (rest, left) in [("", 0), (", disableDeletion: true", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        let provider = provider(folder.path(), rest);
        let mut state = State::default();
        fs::write(&file, r#"{"title": "A", "uid": "a"}"#).unwrap();
        looked(&mut state, &provider);
        fs::remove_file(&file).unwrap();
        looked(&mut state, &provider);
        assert_eq!(state.dashboards.len(), left);
        assert!(!state.dashboards.iter().any(Dashboard::is_locked));
    }
}
