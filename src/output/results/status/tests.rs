//! The screens of `status` at several widths.

use std::time::Duration;

use super::*;
use crate::output::samples::{at_all_widths, healthy_status, in_colour, target, terminal};

fn shown(status: &Status) -> String {
    at_all_widths(|terminal| screen(terminal, false, status))
}

#[test]
fn healthy_stack_has_one_line_per_service() {
    insta::assert_snapshot!("status_healthy", shown(&healthy_status()));
    insta::assert_snapshot!(
        "status_colours",
        in_colour(&screen(terminal(80, true), true, &healthy_status()))
    );
}

#[test]
fn first_minute_is_not_a_problem() {
    let mut status = healthy_status();
    let verification = status.proof.as_mut().unwrap();
    verification.age = Duration::from_secs(3);
    verification.targets.iter_mut().for_each(|target| target.health = Health::Unknown);
    verification.rules.healthy = 0;
    insta::assert_snapshot!("status_starting", shown(&status));
}

#[test]
fn stopped_service_comes_first_with_its_fix() {
    let mut status = healthy_status();
    status.services[3].state = Some(ContainerState::Exited);
    status.services[3].readiness = Readiness::NotReady("exited (0) 12 seconds ago".into());
    status.services[3].url = None;
    status.services[3].drift = vec!["it is stopped".into()];
    insta::assert_snapshot!("status_stopped", shown(&status));
}

#[test]
fn problems_of_the_monitoring_stand_below_their_service() {
    let mut status = healthy_status();
    status.services[0].drift = vec!["alerts.yml changed".into()];
    let verification = status.proof.as_mut().unwrap();
    verification.targets[0] = target("prometheus", "http://localhost:9090/metrics", Health::Down, true);
    verification.targets[1] = target("streamlit-app", "http://tdd-app:8501/x", Health::Down, false);
    verification.rules.healthy = 17;
    verification.rules.failing = vec!["A: bad query".into()];
    verification.rules.firing = vec!["HighErrorRate".into()];
    status.deliveries.as_mut().unwrap()[0].failed = 2;
    insta::assert_snapshot!("status_unhealthy", shown(&status));
}

#[test]
fn missing_stack_is_one_line_and_its_fix() {
    let mut status = healthy_status();
    for service in &mut status.services {
        service.state = None;
        service.url = None;
        service.readiness = Readiness::NotReady("the container is missing".into());
    }
    status.proof = None;
    insta::assert_snapshot!("status_absent", shown(&status));
}
