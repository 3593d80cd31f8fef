//! The whole program against an engine that gives one faulty answer.

use integration_tests::cli::TddStack;
use integration_tests::program;
use proptest::prelude::*;
use proptest::sample::select;

use super::server::Server;
use super::{answers, server, target};

#[test]
fn every_engine_answer_gives_a_documented_exit_code() {
    let good = answers::good().engine;
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let verbs: Vec<&[&str]> = vec![
        &["plan"],
        &["status"],
        &["logs"],
        &["down"],
        &["up", "--dry-run"],
        &["plan", "--output", "json"],
    ];
    target("program", 25, (select(verbs), server::faulty(&good)), |(verb, (path, answer))| {
        let mut answers = good.clone();
        answers.insert(path, answer);
        server.say(answers);
        let output = TddStack::new(program!())
            .env("DOCKER_HOST", format!("unix://{}", server.socket().display()))
            .env("TDD_STACK_DIR", folder.path())
            .args(verb)
            .run();
        prop_assert!([0, 1, 3, 4, 5, 6].contains(&output.code), "{:?}", output);
        prop_assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        let says_why = !(output.stderr.trim().is_empty() && output.stdout.trim().is_empty());
        prop_assert!(output.code == 0 || says_why, "exit {} without a message", output.code);
        prop_assert!(!output.stdout.contains('\u{1b}') && !output.stderr.contains('\u{1b}'), "{:?}", output);
        Ok(())
    });
}
