//! Words that several screens share.

use std::fmt::Display;

use crate::config::settings::DEFAULT_STACK;
use crate::model::verification::{Health, Target, Verification};

/// Returns a command line to copy, with the name of the stack if it is not the default one.
pub(super) fn command(stack: &str, verb: &str) -> String {
    if stack == DEFAULT_STACK {
        format!("tdd-stack {verb}")
    } else {
        format!("tdd-stack {verb} --stack {stack}")
    }
}

/// Returns a count with its noun, such as `1 error` or `2 errors`.
pub(super) fn counted<N: Copy + Display + From<u8> + PartialEq>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns how many required targets are up and how many rules are healthy, such as `4/4 targets, 18/18 rules`.
pub(super) fn targets_and_rules(verification: &Verification) -> String {
    let required: Vec<&Target> = verification.targets.iter().filter(|target| target.required).collect();
    let up = required.iter().filter(|target| target.health == Health::Up).count();
    let rules = &verification.rules;
    format!("{up}/{} targets, {}/{} rules", required.len(), rules.healthy, rules.total)
}
