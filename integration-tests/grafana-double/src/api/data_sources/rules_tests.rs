//! Tests of the rules for adding and changing data sources.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

fn wanted(body: Value) -> Wanted {
    serde_json::from_value(body).unwrap()
}

fn prometheus(name: &str) -> Wanted {
    let url = "http://prometheus:9090";
    wanted(json!({"name": name, "type": "prometheus", "access": "proxy", "url": url, "uid": name}))
}

#[test]
fn new_data_source_has_version_one_and_a_uid() {
    let mut state = State::default();
    let added =
        insert(&mut state, Wanted { uid: String::new(), ..prometheus("a") }, Editing::Allowed).unwrap();
    assert!(added.version == 1 && added.id == 1 && uid::is_valid(&added.uid) && !added.uid.is_empty());
}

#[test]
fn update_without_version_never_conflicts() {
    let mut state = State::default();
    insert(&mut state, prometheus("a"), Editing::Allowed).unwrap();
    for _ in 0..2 {
        assert_eq!(change(&mut state, 1, prometheus("a"), Editing::Allowed).unwrap().version, 1);
    }
    let next = change(&mut state, 1, Wanted { version: 1, ..prometheus("a") }, Editing::Allowed).unwrap();
    assert_eq!(next.version, 2);
    let outdated =
        change(&mut state, 1, Wanted { version: 1, ..prometheus("a") }, Editing::Allowed).unwrap_err();
    assert_eq!(outdated.status, StatusCode::CONFLICT);
}

#[test]
fn update_replaces_options_and_keeps_secrets() {
    let mut state = State::default();
    let mut first = prometheus("a");
    first.json_data = json!({"timeInterval": "15s"}).as_object().cloned();
    first.secure_json_data = BTreeMap::from([("token".to_string(), json!("hidden"))]);
    insert(&mut state, first, Editing::Allowed).unwrap();
    let changed = change(&mut state, 1, prometheus("a"), Editing::Allowed).unwrap().to_json();
    assert_eq!(changed["jsonData"], json!({}));
    assert_eq!(changed["secureJsonFields"], json!({"token": true}));
    assert!(!serde_json::to_string(&state).unwrap().contains("hidden"));
}

#[test]
fn rename_to_a_taken_name_is_a_conflict() {
    let mut state = State::default();
    insert(&mut state, prometheus("a"), Editing::Allowed).unwrap();
    insert(&mut state, prometheus("b"), Editing::Allowed).unwrap();
    let taken =
        change(&mut state, 2, Wanted { uid: "b".into(), ..prometheus("a") }, Editing::Allowed).unwrap_err();
    let message = "Failed to update datasource: data source with the same name already exists";
    assert_eq!((taken.status, taken.text()), (StatusCode::CONFLICT, message));
}

#[test]
fn only_malformed_urls_are_rejected() {
    let mut state = State::default();
    for (name, url) in [("a", ""), ("b", "prometheus:9090"), ("c", "http://[::1]:9090/path")] {
        let taken = insert(&mut state, Wanted { url: url.into(), ..prometheus(name) }, Editing::Allowed);
        assert!(taken.is_ok(), "{url}: {taken:?}");
    }
    let refused = insert(&mut state, Wanted { url: "http://[".into(), ..prometheus("d") }, Editing::Allowed)
        .unwrap_err();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
