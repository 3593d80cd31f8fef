//! Any answer of the engine, read by the program's client.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use proptest::prelude::*;
use tdd_stack::config::check_output::{self, Checked};
use tdd_stack::docker::endpoint::{self, Asked, Endpoint};
use tdd_stack::engine::{Engine, LogQuery};
use tdd_stack::error::Result;
use tokio::runtime::Builder;

use super::server::{Answer, Framing, Server};
use super::{answers, is_reported, server, target};

const IMAGE: &str = "prom/prometheus:v3.13.4";
const CONTAINER: &str = "tdd-prometheus";

fn endpoint(server: &Server) -> Endpoint {
    let host = format!("unix://{}", server.socket().display());
    endpoint::find(Asked { host: Some(&host), ..Asked::default() }, |_| None, None)
        .expect("the address is valid")
}

/// Makes the calls that use a path.
async fn ask(engine: &Engine, endpoint: &Endpoint, path: &str) -> Result<()> {
    match path {
        "/_ping" => Engine::connect(endpoint.clone(), None).await.map(drop),
        "/containers/json" | "/networks" | "/volumes" => engine.inventory("tdd").await.map(drop),
        "/info" => engine.description().await.map(drop),
        "/containers/tdd-prometheus/archive" => engine.files(CONTAINER, "/etc/prometheus").await.map(drop),
        "/containers/tdd-prometheus/json" => engine.running(CONTAINER).await.map(drop),
        "/containers/tdd-prometheus/logs" => {
            engine.last_lines(CONTAINER).await;
            let query = LogQuery { follow: true, tail: "all".into(), since: 0, dated: false };
            engine.logs(CONTAINER, &query).try_collect::<Vec<_>>().await.map(drop)
        }
        "/images/create" => engine.operator().pull(IMAGE, |_| {}).await,
        path if path.starts_with("/containers/abc") || path == "/containers/create" => {
            let (operator, time) = (engine.operator(), Duration::from_secs(5));
            let files = [("alerts.yml".to_string(), "groups: []\n".to_string())];
            let output =
                operator.check_within(time, "tdd", IMAGE, &["promtool"], ("/etc/prometheus", &files)).await?;
            let checked = Checked {
                folder: "/etc/prometheus",
                seen_as: Path::new("config"),
                files: &files,
                main_file: "alerts.yml",
            };
            assert_eq!(check_output::faults(&output, checked).is_empty(), output.exit_code == 0);
            Ok(())
        }
        path if path.contains("exec") => {
            engine.operator().execute(CONTAINER, &["true".to_string()]).await.map(drop)
        }
        path if path.starts_with("/images") => engine.image_id(IMAGE).await.map(drop),
        path if path.starts_with("/distribution") => engine.is_pullable(IMAGE).await,
        "/networks/bridge" => engine.gateway().await.map(drop),
        _ => engine.bridge("tdd-monitoring").await.map(drop),
    }
}

#[test]
fn hanging_check_times_out_and_its_container_is_removed() {
    let mut answers = answers::good().engine;
    let say = |status, body: &str| Answer { status, ..Answer::good("application/json", body.into()) };
    for (path, answer) in [
        ("/containers/create", say(201, "{\"Id\": \"abc\", \"Warnings\": []}")),
        ("/containers/abc/archive", say(200, "")),
        ("/containers/abc/start", say(204, "")),
        ("/containers/abc/wait", Answer { framing: Framing::Silent, ..say(200, "") }),
        ("/containers/abc", say(204, "")),
    ] {
        answers.insert(path.into(), answer);
    }
    let server = Server::start();
    server.say(answers);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    let check = async {
        let engine = Engine::connect(endpoint(&server), None).await.expect("the engine answers");
        let time = Duration::from_secs(1);
        engine
            .operator()
            .check_within(time, "tdd", IMAGE, &["promtool", "check"], ("/etc/prometheus", &[]))
            .await
    };
    let error = runtime.block_on(check).expect_err("the check never ends");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert_eq!((error.exit_code(), cause.as_str()), (1, "the check did not end within 1 s"));
    let requests = server.requests();
    assert_eq!(
        requests.last().map(|(line, _)| line.as_str()),
        Some("DELETE /containers/abc"),
        "{requests:?}"
    );
    let created = requests.iter().find(|(line, _)| line == "POST /containers/create");
    assert_eq!(created.map(|(_, body)| &body["HostConfig"]["Memory"]), Some(&serde_json::json!(1_u64 << 30)));
}

#[test]
fn endless_archive_is_rejected() {
    let good = answers::good().engine;
    let server = Server::start();
    let endless = Answer { framing: Framing::Endless, ..Answer::good("application/x-tar", vec![0; 1 << 16]) };
    let archive = ("/containers/tdd-prometheus/archive".to_string(), endless);
    server.say(good.into_iter().chain([archive]).collect());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    let files = async {
        let engine = Engine::connect(endpoint(&server), None).await.expect("the engine answers");
        engine.files(CONTAINER, "/etc/prometheus").await
    };
    let error = runtime.block_on(files).expect_err("the archive never ends");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("larger than 64 MiB"), "{error}: {cause}");
}

#[test]
fn every_engine_answer_gives_a_value_or_error() {
    let good = answers::good().engine;
    let server = Server::start();
    server.say(good.clone());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    let endpoint = endpoint(&server);
    let engine = runtime.block_on(Engine::connect(endpoint.clone(), None)).expect("the engine answers");
    for path in good.keys() {
        let asked = runtime.block_on(ask(&engine, &endpoint, path));
        asked.unwrap_or_else(|error| panic!("{path}: a valid answer is rejected: {error:?}"));
    }
    target("engine", 1200, server::faulty(&good), |(path, answer)| {
        let mut answers = good.clone();
        answers.insert(path.clone(), answer);
        server.say(answers);
        let asked =
            async { tokio::time::timeout(Duration::from_secs(10), ask(&engine, &endpoint, &path)).await };
        match runtime.block_on(asked) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                prop_assert!([1, 3].contains(&error.exit_code()));
                is_reported(&error)
            }
            Err(_) => Err(TestCaseError::fail("the call does not end")),
        }
    });
}
