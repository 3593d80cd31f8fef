//! The screens of `up` at several widths.

use super::*;
use crate::config::settings::{Layer, Password, Secret, Settings};
use crate::model::observed::Observed;
use crate::output::samples::{at_all_widths, healthy_status, in_colour, terminal};
use crate::plan::{self, Request, Step};
use crate::services;

fn login() -> Login {
    let password = Password { secret: Secret::new(WELL_KNOWN_PASSWORD), origin: PasswordOrigin::Default };
    Login { user: "admin".into(), password }
}

fn timing(verb: Verb, service: &str, began: u64, took: u64) -> Timing {
    Timing {
        verb,
        target: service.into(),
        service: Some(service.into()),
        began: Duration::from_millis(began),
        took: Duration::from_millis(took),
    }
}

fn shown(status: &Status, plan: &Plan, changes: &[TextChange]) -> String {
    let timings = Timings(vec![
        timing(Verb::Create, "prometheus", 100, 200),
        timing(Verb::Await, "prometheus", 400, 600),
        timing(Verb::Await, "grafana", 400, 61_500),
    ]);
    let login = login();
    let summary = Summary {
        status,
        plan,
        changes,
        folder: Path::new("./config/monitoring"),
        timings: &timings,
        total: Duration::from_millis(1640),
        login: &login,
        dashboards: vec!["tdd-main"],
    };
    let colours = in_colour(&screen(terminal(80, true), true, &summary));
    at_all_widths(|terminal| screen(terminal, false, &summary)) + "----- colours, verbose\n" + &colours
}

fn first_plan() -> Plan {
    let stack = services::assemble(&Settings::resolve(Layer::default(), &services::names()).unwrap());
    plan::up(&stack, &Observed::default(), Request::default()).unwrap()
}

#[test]
fn first_up_says_what_exists_and_what_comes_next() {
    let mut status = healthy_status();
    status.proof = None;
    insta::assert_snapshot!("up_first", shown(&status, &first_plan(), &[]));
    status.stack = "another-one".into();
    insta::assert_snapshot!("up_named", shown(&status, &first_plan(), &[]));
}

#[test]
fn second_up_is_one_line() {
    let mut status = healthy_status();
    status.proof = None;
    insta::assert_snapshot!("up_again", shown(&status, &Plan::default(), &[]));
}

#[test]
fn edit_names_what_changed_and_how_it_was_applied() {
    let reload = Operation::Reload {
        service: "prometheus".into(),
        metrics_prefix: "prometheus",
        folder: "/etc/prometheus",
        checksum: String::new(),
    };
    let step =
        Step { operation: reload, cause: Cause::FilesDiffer(vec!["alerts.yml".into()]), needs: Vec::new() };
    let plan = Plan { steps: vec![step], ..Plan::default() };
    let change = |subjects: &[&str]| TextChange {
        service: "prometheus".into(),
        name: "alerts.yml".into(),
        subjects: subjects.iter().map(ToString::to_string).collect(),
        diff: String::new(),
    };
    let changes = [
        change(&["LogErrorsHigh changed"]),
        change(&[]),
        change(&["A changed", "B added", "C removed", "D added"]),
    ];
    let status = healthy_status();
    insta::assert_snapshot!("up_edit", shown(&status, &plan, &changes));
}
