//! Feeds what users, engines and services may ever say to everything that reads it: valid texts with a few faults,
//! and noise.
//!
//! Nothing may panic, take long, or fail without a word. `TDD_FUZZ_CASES` says how many cases each target gets in
//! hundredths of its own share; `scripts/fuzz.sh` runs rounds of it. A case that fails is kept in `regressions/`
//! and tried first from then on.

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

/// More than the slowest case takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs a target: `share` is how many cases a short run has.
#[expect(clippy::print_stdout, reason = "the script counts by it")]
fn target<S: Strategy>(
    name: &str,
    share: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    let path = format!("{}/tests/fuzz/regressions/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    // It lives as long as the process, which ends soon.
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

/// Asserts that an error can be understood and ends the program in a listed way.
fn is_told(error: &Error) -> Result<(), TestCaseError> {
    let told = !error.to_string().trim().is_empty() && !error.code().is_empty();
    let listed = [1, 2, 3, 4, 5, 6, 130].contains(&error.exit_code());
    if told && listed { Ok(()) } else { Err(TestCaseError::fail(format!("{error:?} is not told"))) }
}

#[expect(clippy::disallowed_methods, reason = "the script hands over how long to run")]
fn hundredths() -> u32 {
    std::env::var("TDD_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}
