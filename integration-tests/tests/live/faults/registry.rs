//! The registry rejects, fails or sends corrupted images: messages, retries, and no created container.

use integration_tests::engine_proxy::{EngineProxy, Fault, When};
use integration_tests::faulty_registry::{Answers, FaultyRegistry};
use integration_tests::scenario::Scenario;

use crate::scenario;

const PULL: &str = "POST /images/create";

/// Returns name and tag of Alertmanager's image in the test registry.
fn image() -> String {
    let reference = Scenario::image("alertmanager");
    reference.split_once('/').expect("the reference names a registry").1.to_string()
}

/// A stack whose Alertmanager comes from a separate registry; fields drop in order, so the stack is removed first.
struct Pulling {
    scenario: Scenario,
    proxy: EngineProxy,
    registry: FaultyRegistry,
}

impl Pulling {
    fn new(name: &str) -> Self {
        let proxy = EngineProxy::start();
        let scenario = scenario(name).through(proxy.host());
        Self { scenario, proxy, registry: FaultyRegistry::before_the_real_one(&image()) }
    }

    fn up(&self) -> integration_tests::cli::Output {
        self.proxy.forget();
        let image = format!("alertmanager={}", self.registry.image());
        self.scenario.run_for(120, &["up", "--image", &image])
    }

    fn pulls(&self) -> usize {
        self.proxy.calls().iter().filter(|call| call.starts_with(PULL)).count()
    }

    /// Asserts that `up` fails at the pull with this many tries and these words, and creates no Alertmanager.
    fn fails(&self, pulls: usize, words: &[&str]) {
        let output = self.up();
        output.exits(1).says(&format!("error: cannot pull `{}`: ", self.registry.image()));
        for word in words {
            output.says(word);
        }
        assert_eq!(self.pulls(), pulls, "number of pulls");
        let made = self.scenario.objects("container");
        assert!(!made.contains(&self.scenario.container("alertmanager")), "{made:?}");
    }

    /// Repairs the registry, and asserts that `up` succeeds and the next plan is empty.
    fn converges(&self) {
        self.registry.answer(Answers::Healthy);
        self.up().exits(0);
        let image = format!("alertmanager={}", self.registry.image());
        self.scenario.plan(&["--image", &image]).exits(0);
    }
}

#[test]
fn rejected_pull_is_tried_once_with_a_hint() {
    let pulling = Pulling::new("refused");
    let login = format!("`docker login {}`", pulling.registry.host());
    for (status, code, message, words) in [
        (401, "UNAUTHORIZED", "authentication required", ["its registry requires a login", &login]),
        (403, "DENIED", "requested access to the resource is denied", ["its registry denies access", &login]),
        (
            404,
            "MANIFEST_UNKNOWN",
            "manifest unknown",
            ["its registry does not have it", "check name and tag"],
        ),
        (
            404,
            "NAME_UNKNOWN",
            "repository name not known",
            ["its registry does not have it", "check name and tag"],
        ),
        (429, "TOOMANYREQUESTS", "too many requests", ["its registry's pull rate limit is reached", &login]),
    ] {
        pulling.registry.answer(Answers::Refusal(status, code, message));
        pulling.fails(1, &[words[0], words[1], "--registry HOST"]);
    }
    pulling.converges();
}

#[test]
fn unavailable_registry_is_tried_three_times() {
    let pulling = Pulling::new("disorder");
    for status in [500, 503] {
        pulling.registry.answer(Answers::FailureFirst(usize::MAX, status));
        pulling.fails(
            3,
            &["its registry is unavailable", "attempt 2 of 3 in 1s", "attempt 3 of 3 in 4s", "hint: run"],
        );
    }
    pulling.registry.answer(Answers::FailureFirst(1, 502));
    pulling.up().exits(0).says("attempt 2 of 3 in 1s");
    assert_eq!(pulling.pulls(), 2);
    pulling.converges();
}

#[test]
fn unreachable_registry_is_reported() {
    let scenario = scenario("unreachable");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let image = format!("alertmanager={}/{}", port.expect("a port is free"), image());
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1).says("its registry is unreachable").says("connection refused");
    output.says("hint: check the registry's name and port");
    scenario.succeed(&["up"]);
}

#[test]
fn image_for_another_platform_is_reported() {
    let pulling = Pulling::new("platform");
    pulling.registry.answer(Answers::OtherPlatform);
    pulling.fails(
        1,
        &["it is not built for the engine's platform", "no matching manifest for", "`docker version`"],
    );
    pulling.converges();
}

#[test]
fn corrupted_image_configuration_is_reported() {
    let pulling = Pulling::new("damaged");
    pulling.registry.answer(Answers::DamagedConfiguration);
    pulling.fails(
        1,
        &["the data from its registry is corrupted", "verification failed", "push the image again"],
    );
    pulling.converges();
}

#[test]
fn corrupted_layer_is_reported() {
    // The engine retries a layer six times, which takes more than a minute.
    std::thread::scope(|scope| {
        for (name, answers, words) in [
            ("truncated", Answers::TruncatedLayer, "EOF"),
            ("spoiled", Answers::DamagedLayer, "verification failed"),
        ] {
            scope.spawn(move || {
                let pulling = Pulling::new(name);
                pulling.registry.answer(answers);
                pulling.fails(1, &["the data from its registry is corrupted", words, "push the image again"]);
                pulling.converges();
            });
        }
    });
}

#[test]
fn truncated_pull_answer_is_a_failure() {
    let pulling = Pulling::new("broken-off");
    // The engine continues the pull after the program lost the answer.
    pulling.registry.answer(Answers::TruncatedLayer);
    pulling.proxy.fail(When::first(PULL), Fault::CutAfter(40));
    pulling.fails(1, &["the pull failed"]);
    pulling.converges();
}
