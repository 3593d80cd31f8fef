//! One test for each assertion that can be checked over HTTP, against both flavours of the double.

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
    2 a02_health_is_answered_without_a_login
    4 a04_health_counts_no_wrong_login
    5 a05_healthz_says_ok
    6 a06_a_missing_login_is_refused
    7 a07_a_wrong_password_is_refused
    8 a08_five_wrong_tries_lock_the_name
    9 a09_the_right_password_shows_the_organisation
    11 a11_a_password_is_changed_by_whoever_knows_it
    12 a12_a_data_source_is_added
    13 a13_a_name_or_a_uid_is_taken_once_only
    14 a14_a_data_source_that_is_not_well_formed_is_refused
    15 a15_a_data_source_is_read_by_uid_and_without_secrets
    16 a16_a_data_source_is_updated_without_a_version
    17 a17_an_outdated_version_is_a_conflict
    18 a18_a_read_only_data_source_stays_as_it_is
    19 a19_a_data_source_is_deleted_once
    20 a20_there_is_one_default_data_source
    21 a21_a_data_sources_health_is_that_of_its_prometheus
    22 a22_the_proxy_passes_status_and_body_on
    23 a23_a_query_returns_columns_and_a_failing_one_400
    24 a24_a_folder_is_made_once_and_needs_a_title
    25 a25_an_unknown_folder_is_not_found
    26 a26_a_new_dashboard_begins_at_version_one
    27 a27_a_changed_dashboard_gets_a_higher_version
    28 a28_an_identical_save_is_accepted
    29 a29_an_outdated_save_is_a_conflict
    30 a30_a_save_of_the_current_version_is_accepted
    31 a31_a_title_alone_does_not_name_a_dashboard
    32 a32_a_dashboard_needs_a_title
    33 a33_a_save_needs_a_dashboard
    34 a34_a_uid_with_illegal_characters_is_refused
    35 a35_an_unknown_id_is_not_found_and_none_is_a_new_dashboard
    36 a36_a_provisioned_dashboard_cannot_be_saved
    37 a37_a_dashboard_reads_back_as_it_was_sent
    38 a38_a_deleted_dashboard_is_gone
    39 a39_the_search_finds_a_dashboard_in_the_end
    40 a40_a_home_dashboard_is_preferred_and_provisioning_reloaded
}

#[test]
fn no_assertion_is_forgotten() {
    let mut tested = TESTED.to_vec();
    // Tested in `process`, with a hand on the process.
    tested.extend([1, 3, 10]);
    tested.sort_unstable();
    assert_eq!(tested, (1..=40).collect::<Vec<u8>>());
    assert!(ASSERTIONS.iter().all(|assertion| TESTED.contains(&assertion.number)));
}

/// The other flavour must be told apart, or the assertions could not fail.
#[tokio::test]
async fn the_flavours_are_told_apart() {
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

/// A server that answers everything alike must satisfy no assertion.
#[tokio::test]
async fn no_assertion_is_satisfied_by_just_any_answer() {
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
        // Assertion 4 is that health and a login work, and where everything is 200 they do.
        for assertion in
            ASSERTIONS.iter().filter(|assertion| (status, assertion.number) != (StatusCode::OK, 4))
        {
            let checked = assertion.check(&grafana).await;
            assert!(checked.is_err(), "{status} satisfies {}: {}", assertion.number, assertion.says);
        }
        server.abort();
    }
}

#[tokio::test]
async fn an_assertion_removes_what_it_made() {
    let setting = Setting::new(Flavour::Classic).await;
    for assertion in ASSERTIONS.iter().filter(|assertion| assertion.number != 8) {
        assertion.check(&setting.grafana).await.unwrap();
    }
    for path in ["/api/datasources", "/api/search"] {
        let left = setting.grafana.get(path).await.unwrap();
        assert_eq!(left.body.as_array().map(Vec::len), Some(1), "only what came from a file: {}", left.text);
    }
    let folders = setting.grafana.get("/api/folders").await.unwrap();
    assert_eq!(folders.text, "[]");
}
