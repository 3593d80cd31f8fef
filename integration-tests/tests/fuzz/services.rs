//! Any answer of Prometheus, Alertmanager and Grafana, read by the program's clients.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tdd_stack::config::settings::{Layer, Settings};
use tdd_stack::error::Error;
use tdd_stack::http::{AlertmanagerClient, GrafanaClient, Http, PrometheusClient};
use tdd_stack::model::alert::Alerts;
use tdd_stack::model::observed::{Observed, Readiness, contains};
use tdd_stack::model::stack::{Expect, Probe, Stack};
use tdd_stack::model::verification::Application;
use tdd_stack::services;
use tdd_stack::status::Status;
use tdd_stack::verify::{Addresses, verify};
use tokio::runtime::Builder;

use super::server::{Answer, Framing, Server};
use super::{answers, is_reported, server, target};

/// Makes every request that the program makes to the services, and returns the errors.
async fn ask(http: &Http, base: &str, stack: &Stack) -> Vec<Error> {
    let prometheus = PrometheusClient::new(http, base);
    let alertmanager = AlertmanagerClient::new(http, base);
    let grafana = GrafanaClient::new(http, base, stack);
    let mut errors = Vec::new();
    for service in &stack.services {
        http.probe(base, service.probe).await;
    }
    let (evaluated, arrived, silences) =
        tokio::join!(prometheus.alerts(), alertmanager.alerts(), alertmanager.silences());
    match (evaluated, arrived, silences) {
        (Ok(evaluated), Ok(arrived), Ok(silences)) => {
            let alerts = Alerts::of(&evaluated, &arrived, &silences, SystemTime::now());
            assert!(alerts.firing() <= alerts.alerts.len());
        }
        (evaluated, arrived, silences) => {
            errors.extend([evaluated.err(), arrived.err(), silences.err()].into_iter().flatten());
        }
    }
    errors.extend(prometheus.flags().await.err());
    errors.extend(prometheus.links().await.err());
    errors.extend(prometheus.runtime().await.err());
    errors.extend(prometheus.reload_state("prometheus").await.err());
    errors.extend(prometheus.recently_up(SystemTime::now()).await.err());
    errors.extend(alertmanager.delivered().await.err());
    match grafana.content(stack, false).await {
        Ok(content) => {
            for wanted in &stack.data_sources {
                content.data_sources.get(wanted.uid).map(|seen| contains(&seen.body, &wanted.body));
            }
        }
        Err(error) => errors.push(error),
    }
    let all =
        Addresses { prometheus: Ok(base.into()), grafana: Ok(base.into()), alertmanager: Ok(base.into()) };
    match verify(http, stack, &all, Application::Required).await {
        Ok(proof) => {
            proof.verdict();
            Status::of(stack, &Observed::default(), Some(proof), |_| None).finding();
        }
        Err(error) => errors.push(error),
    }
    errors
}

#[test]
fn endless_service_answer_is_rejected() {
    let server = Server::start();
    let base = format!("http://{}", server.address);
    let endless =
        Answer { framing: Framing::Endless, ..Answer::good("application/json", vec![b' '; 1 << 16]) };
    let paths = ["/api/v1/rules", "/api/v2/alerts", "/metrics", "/api/health"];
    server.say(paths.map(|path| (path.to_string(), endless.clone())).into());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    let http = Http::new().expect("a client can be created");
    runtime.block_on(async {
        let rules = PrometheusClient::new(&http, &base).rules().await.expect_err("the answer never ends");
        let alerts = AlertmanagerClient::new(&http, &base).alerts().await.expect_err("the answer never ends");
        let metrics = PrometheusClient::new(&http, &base)
            .reload_state("prometheus")
            .await
            .expect_err("the answer never ends");
        for error in [rules, alerts, metrics] {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(cause.contains("longer than 32 MiB"), "{error}: {cause}");
        }
        let probe = Probe { path: "/api/health", expect: Expect::DatabaseOk };
        let Readiness::NotReady(why) = http.probe(&base, probe).await else { panic!("the service is ready") };
        assert!(why.contains("longer than 32 MiB"), "{why}");
    });
}

#[test]
fn every_service_answer_gives_a_value_or_error() {
    let good: BTreeMap<_, _> = answers::good().services;
    let settings = Settings::resolve(Layer::default(), &services::names()).expect("the defaults are valid");
    let stack = services::assemble(&settings);
    let server = Server::start();
    let base = format!("http://{}", server.address);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    let http = Http::new().expect("a client can be created");
    server.say(good.clone());
    let rejected = runtime.block_on(ask(&http, &base, &stack));
    assert!(rejected.is_empty(), "valid answers are rejected: {rejected:?}");
    target("services", 150, server::faulty(&good), |(path, answer)| {
        let mut answers = good.clone();
        answers.insert(path, answer);
        server.say(answers);
        let asked = async { tokio::time::timeout(Duration::from_secs(15), ask(&http, &base, &stack)).await };
        match runtime.block_on(asked) {
            Ok(errors) => errors.iter().try_for_each(is_reported),
            Err(_) => Err(TestCaseError::fail("the requests do not end")),
        }
    });
}
