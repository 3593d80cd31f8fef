//! Tests of saving in each flavour. The contract tests it over HTTP.

use axum::http::StatusCode;

use super::*;

fn wanted(mut spec: Value) -> Wanted {
    Wanted { spec: std::mem::take(spec.as_object_mut().unwrap()), ..Wanted::default() }
}

fn overwriting(spec: Value) -> Wanted {
    Wanted { overwrite: true, ..wanted(spec) }
}

fn by(flavour: Flavour) -> Author {
    Author { flavour, ..Author::default() }
}

#[test]
fn new_dashboard_has_version_one() {
    for flavour in Flavour::ALL {
        let mut state = State::default();
        let saved =
            save(&mut state, wanted(json!({"uid": "a", "title": "A", "version": 7})), &by(flavour)).unwrap();
        assert_eq!((saved.version, saved.uid.as_str()), (1, "a"));
        assert!(!saved.spec.contains_key("version") && !saved.spec.contains_key("uid"));
    }
}

#[test]
fn identical_save_makes_a_version_only_in_classic() {
    for (flavour, version) in [(Flavour::Classic, 2), (Flavour::Unified, 1)] {
        let mut state = State::default();
        let body = json!({"uid": "a", "title": "A"});
        save(&mut state, wanted(body.clone()), &by(flavour)).unwrap();
        assert_eq!(
            save(&mut state, overwriting(body), &by(flavour)).unwrap().version,
            version,
            "{flavour:?}"
        );
    }
}

#[test]
fn outdated_version_is_a_conflict() {
    for (flavour, status, word) in [
        (Flavour::Classic, StatusCode::PRECONDITION_FAILED, Some("version-mismatch")),
        (Flavour::Unified, StatusCode::CONFLICT, None),
    ] {
        let mut state = State::default();
        save(&mut state, wanted(json!({"uid": "a", "title": "A"})), &by(flavour)).unwrap();
        for body in [json!({"uid": "a", "title": "B"}), json!({"uid": "a", "title": "B", "version": 9})] {
            let refused = save(&mut state, wanted(body), &by(flavour)).unwrap_err();
            assert_eq!((refused.status, refused.body["status"].as_str()), (status, word));
        }
        let current = json!({"uid": "a", "title": "B", "version": 1});
        assert_eq!(save(&mut state, wanted(current), &by(flavour)).unwrap().version, 2);
    }
}

#[test]
fn unknown_id_is_rejected_except_unified_with_uid() {
    for flavour in Flavour::ALL {
        let mut state = State::default();
        let alone = save(&mut state, wanted(json!({"id": 99, "title": "A"})), &by(flavour)).unwrap_err();
        assert_eq!((alone.status, alone.text()), (StatusCode::NOT_FOUND, "Dashboard not found"));
        let with_uid = save(&mut state, wanted(json!({"id": 99, "uid": "a", "title": "A"})), &by(flavour));
        assert_eq!(with_uid.is_ok(), flavour == Flavour::Unified);
        for none in [json!(null), json!(0)] {
            assert!(save(&mut state, overwriting(json!({"id": none, "title": "B"})), &by(flavour)).is_ok());
        }
    }
}

#[test]
fn id_and_uid_of_two_dashboards_are_rejected() {
    for flavour in Flavour::ALL {
        let mut state = State::default();
        let first = save(&mut state, wanted(json!({"uid": "a", "title": "A"})), &by(flavour)).unwrap();
        save(&mut state, wanted(json!({"uid": "b", "title": "B"})), &by(flavour)).unwrap();
        let mixed = overwriting(json!({"id": first.id, "uid": "b", "title": "B"}));
        assert_eq!(save(&mut state, mixed, &by(flavour)).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn same_title_without_uid_makes_a_second_dashboard() {
    for flavour in Flavour::ALL {
        let mut state = State::default();
        let first = save(&mut state, wanted(json!({"title": "A"})), &by(flavour)).unwrap();
        let second = save(&mut state, wanted(json!({"title": "A"})), &by(flavour)).unwrap();
        assert_ne!(first.uid, second.uid);
        assert_eq!(state.dashboards.len(), 2);
    }
}

#[test]
fn unified_ids_exceed_thirty_two_bits() {
    let mut state = State::default();
    let saved = save(&mut state, wanted(json!({"title": "A"})), &by(Flavour::Unified)).unwrap();
    assert!(saved.id > u64::from(u32::MAX) && saved.id < 1 << 52, "{}", saved.id);
}

#[test]
fn client_cannot_save_a_provisioned_dashboard() {
    let source = |allow_ui_updates| Provisioned {
        provider: "tdd".into(),
        file: "a.json".into(),
        checksum: String::new(),
        allow_ui_updates,
    };
    let mut state = State::default();
    let body = json!({"uid": "a", "title": "A"});
    let from_file = |allow| Wanted { file: Some(source(allow)), ..overwriting(body.clone()) };
    save(&mut state, from_file(false), &Author::default()).unwrap();
    let refused = save(&mut state, overwriting(body.clone()), &Author::default()).unwrap_err();
    assert_eq!(
        (refused.status, refused.text()),
        (StatusCode::BAD_REQUEST, "Cannot save provisioned dashboard")
    );
    save(&mut state, from_file(true), &Author::default()).unwrap();
    let saved = save(&mut state, overwriting(body.clone()), &Author::default()).unwrap();
    assert_eq!(saved.provisioned, Some(source(true)), "the dashboard is no longer provisioned");
}

#[test]
fn refresh_below_the_minimum_is_raised() {
    let mut state = State::default();
    for (asked, kept) in [("1s", "5s"), ("30s", "30s"), ("", ""), ("auto", "auto")] {
        let body = json!({"title": "A", "refresh": asked});
        let saved = save(&mut state, wanted(body), &Author::default()).unwrap();
        assert_eq!(saved.spec["refresh"], kept);
    }
}
