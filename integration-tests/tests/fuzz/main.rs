//! Feeds mutated and random texts and answers to every parser: settings, files, engine and service answers.
//!
//! Nothing may panic, take long, or fail without a message. `TDD_FUZZ_CASES` is the number of cases as a percentage
//! of each target's share; `scripts/fuzz.sh` runs rounds. Failed cases are kept in `regressions/` and tried first.

mod answers;
mod disk;
mod engine;
mod mutate;
mod names;
mod program;
mod server;
mod services;
mod texts;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use tdd_stack::error::Error;

/// Longer than the slowest case on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a target with `share` cases in a short run.
#[expect(clippy::print_stdout, reason = "the script reads the counts")]
fn target<S: Strategy>(
    name: &str,
    share: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let path = format!("{}/tests/fuzz/regressions/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    // Leaking is harmless: the process ends soon.
    let path: &'static str = Box::leak(path.into_boxed_str());
    let config = Config {
        cases: (share * hundredths() / 100).max(1),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(path))),
        max_shrink_iters: 500,
        ..Config::default()
    };
    let whole = Instant::now();
    let counted = std::cell::Cell::new(0_u64);
    let result = TestRunner::new(config).run(&strategy, |case| {
        counted.set(counted.get() + 1);
        let began = Instant::now();
        property(case)?;
        let took = began.elapsed();
        if took < LIMIT { Ok(()) } else { Err(TestCaseError::fail(format!("it took {took:?}"))) }
    });
    println!("fuzz {name} {} executions in {:.1} s", counted.get(), whole.elapsed().as_secs_f64());
    if let Err(failure) = result {
        panic!("{name}: {failure}");
    }
}

/// Checks that an error has a message, a code and a documented exit code.
fn is_reported(error: &Error) -> Result<(), TestCaseError> {
    let has_message = !error.to_string().trim().is_empty() && !error.code().is_empty();
    let listed = [1, 2, 3, 4, 5, 6, 130].contains(&error.exit_code());
    if has_message && listed {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("{error:?} has no message or documented exit code")))
    }
}

#[expect(clippy::disallowed_methods, reason = "the script passes the share of cases")]
fn hundredths() -> u32 {
    std::env::var("TDD_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}
