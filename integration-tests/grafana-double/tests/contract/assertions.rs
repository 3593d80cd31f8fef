//! One test for each assertion over HTTP, with both flavours of the double.

use axum::Router;
use axum::http::StatusCode;
use grafana_double::Flavour;
use grafana_double::contract::{ASSERTIONS, Assertion, Grafana, Target};
use tokio::net::TcpListener;

use crate::setting::Setting;

async fn holds(number: u8) {
    let assertion = Assertion::numbered(number).unwrap();
    for flavour in Flavour::ALL {
        let mut setting = Setting::new(flavour).await;
        if let Err(violation) = assertion.check(&setting.grafana).await {
            panic!("{flavour:?}: {violation}\nthe double's log:\n{}", setting.double.log());
        }
    }
}

macro_rules! assertions {
    ($($number:literal $name:ident)*) => {
        $(#[tokio::test]
        async fn $name() {
            holds($number).await;
        })*

        const TESTED: &[u8] = &[$($number),*];
    };
}

assertions! {
    2 a02_health_needs_no_login
    4 a04_health_ignores_wrong_logins
    5 a05_healthz_answers_ok
    6 a06_missing_login_is_rejected
    7 a07_wrong_password_is_rejected
    8 a08_five_wrong_tries_lock_the_name
    9 a09_right_password_shows_the_organisation
    11 a11_password_is_changed_with_the_old_one
    12 a12_data_source_is_added
    13 a13_names_and_uids_are_unique
    14 a14_malformed_data_source_is_rejected
    15 a15_data_source_is_read_without_secrets
    16 a16_data_source_is_updated_without_version
    17 a17_outdated_version_is_a_conflict
    18 a18_read_only_data_source_cannot_be_changed
    19 a19_data_source_is_deleted_once
    20 a20_only_one_data_source_is_default
    21 a21_data_source_health_follows_prometheus
    22 a22_proxy_passes_status_and_body_through
    23 a23_query_returns_columns_and_failed_one_400
    24 a24_folder_needs_title_and_new_uid
    25 a25_unknown_folder_is_not_found
    26 a26_new_dashboard_has_version_one
    27 a27_changed_dashboard_gets_a_higher_version
    28 a28_identical_save_is_accepted
    29 a29_outdated_save_is_a_conflict
    30 a30_save_of_the_current_version_is_accepted
    31 a31_title_does_not_identify_a_dashboard
    32 a32_dashboard_needs_a_title
    33 a33_save_needs_a_dashboard
    34 a34_uid_with_illegal_characters_is_rejected
    35 a35_unknown_id_is_not_found
    36 a36_provisioned_dashboard_cannot_be_saved
    37 a37_dashboard_is_read_back_unchanged
    38 a38_deleted_dashboard_is_not_found
    39 a39_search_eventually_finds_a_dashboard
    40 a40_home_dashboard_is_set_and_provisioning_reloaded
}

#[test]
fn every_assertion_has_a_test() {
    let mut tested = TESTED.to_vec();
    // The module `process` tests these, because they need control of the process.
    tested.extend([1, 3, 10]);
    tested.sort_unstable();
    assert_eq!(tested, (1..=40).collect::<Vec<u8>>());
    assert!(ASSERTIONS.iter().all(|assertion| TESTED.contains(&assertion.number)));
}

/// Asserts that the wrong flavour violates the contract, so that the assertions can fail.
#[tokio::test]
async fn wrong_flavour_violates_the_contract() {
    for (is, expected) in [(Flavour::Classic, Flavour::Unified), (Flavour::Unified, Flavour::Classic)] {
        let setting = Setting::new(is).await;
        let target = Target { flavour: Some(expected), ..setting.grafana.target.clone() };
        let strict = Grafana::new(target).unwrap();
        for number in [28, 29] {
            let violation = Assertion::numbered(number).unwrap().check(&strict).await.unwrap_err();
            assert!(
                violation.to_string().starts_with("POST /api/dashboards/db: expected "),
                "{number}: {violation}"
            );
        }
    }
}

/// Asserts that a server with constant answers violates every assertion.
#[tokio::test]
async fn constant_answer_violates_every_assertion() {
    for status in [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let always = Router::new().fallback(move || async move { (status, "{}") });
        let server = tokio::spawn(async move { axum::serve(listener, always).await.unwrap() });
        let given = Some("some".to_string());
        let target = Target {
            base,
            user: "admin".into(),
            password: "some".into(),
            prometheus: given.clone(),
            read_only_data_source: given.clone(),
            provisioned_dashboard: given,
            may_lock_out: true,
            flavour: None,
        };
        let grafana = Grafana::new(target).unwrap();
        // Assertion 4 requires only successful answers, so a server with constant 200 satisfies it.
        for assertion in
            ASSERTIONS.iter().filter(|assertion| (status, assertion.number) != (StatusCode::OK, 4))
        {
            let checked = assertion.check(&grafana).await;
            assert!(checked.is_err(), "{status} satisfies {}: {}", assertion.number, assertion.title);
        }
        server.abort();
    }
}

#[tokio::test]
async fn assertions_remove_their_objects() {
    let setting = Setting::new(Flavour::Classic).await;
    for assertion in ASSERTIONS.iter().filter(|assertion| assertion.number != 8) {
        assertion.check(&setting.grafana).await.unwrap();
    }
    for path in ["/api/datasources", "/api/search"] {
        let left = setting.grafana.get(path).await.unwrap();
        assert_eq!(left.body.as_array().map(Vec::len), Some(1), "an assertion left objects: {}", left.text);
    }
    let folders = setting.grafana.get("/api/folders").await.unwrap();
    assert_eq!(folders.text, "[]");
}
