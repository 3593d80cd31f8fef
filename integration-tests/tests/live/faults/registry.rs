//! The registry refuses, fails or sends damaged images: what is said, what is tried again, and that nothing is made.

use integration_tests::engine_proxy::{EngineProxy, Fault, When};
use integration_tests::faulty_registry::{Answers, FaultyRegistry};
use integration_tests::scenario::Scenario;

use crate::scenario;

const PULL: &str = "POST /images/create";

/// Returns the name and tag of Alertmanager's image in the kit.
fn image() -> String {
    let reference = Scenario::image("alertmanager");
    reference.split_once('/').expect("it names a registry").1.to_string()
}

/// A stack whose Alertmanager comes from a registry of its own; the stack goes first, then its image can.
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

    /// Runs a bad `up`, which makes no Alertmanager, and returns what it says.
    fn fails(&self, pulls: usize, words: &[&str]) {
        let output = self.up();
        output.exits(1).says(&format!("error: cannot pull `{}`: ", self.registry.image()));
        for word in words {
            output.says(word);
        }
        assert_eq!(self.pulls(), pulls, "tries of a pull");
        let made = self.scenario.objects("container");
        assert!(!made.contains(&self.scenario.container("alertmanager")), "{made:?}");
    }

    /// The registry is well again: a good `up`, after which nothing is left to do.
    fn converges(&self) {
        self.registry.answer(Answers::Well);
        self.up().exits(0);
        let image = format!("alertmanager={}", self.registry.image());
        self.scenario.plan(&["--image", &image]).exits(0);
    }
}

#[test]
fn what_the_registry_refuses_is_asked_for_once_and_the_way_out_is_named() {
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
fn a_registry_that_is_out_of_order_is_asked_three_times() {
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
fn a_registry_where_nobody_listens_is_told_as_that() {
    let scenario = scenario("nobody");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let image = format!("alertmanager={}/{}", port.expect("a port is free"), image());
    let output = scenario.run(&["up", "--image", &image]);
    output.exits(1).says("its registry is unreachable").says("connection refused");
    output.says("hint: check the registry's name and port");
    scenario.succeed(&["up"]);
}

#[test]
fn an_image_for_another_platform_is_told_as_that() {
    let pulling = Pulling::new("platform");
    pulling.registry.answer(Answers::OtherPlatform);
    pulling.fails(
        1,
        &["it is not built for the engine's platform", "no matching manifest for", "`docker version`"],
    );
    pulling.converges();
}

#[test]
fn a_damaged_configuration_of_an_image_is_told_as_that() {
    let pulling = Pulling::new("damaged");
    pulling.registry.answer(Answers::DamagedConfiguration);
    pulling.fails(
        1,
        &["the data from its registry is corrupted", "verification failed", "push the image again"],
    );
    pulling.converges();
}

#[test]
fn a_layer_that_is_not_what_its_digest_says_is_told_as_that() {
    // The engine asks for a layer six times by itself, for more than a minute.
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
fn a_pull_that_breaks_off_at_the_engine_is_not_called_done() {
    let pulling = Pulling::new("broken-off");
    // The engine is busy with it for longer than the program hears of it.
    pulling.registry.answer(Answers::TruncatedLayer);
    pulling.proxy.fail(When::first(PULL), Fault::CutAfter(40));
    pulling.fails(1, &["the pull failed"]);
    pulling.converges();
}
