//! What `down` did.

use std::path::PathBuf;

use super::printer::Printer;
use super::schema;
use super::screen::{Screen, text_screen};
use crate::config::settings::DEFAULT_STACK;
use crate::model::sanitize;
use crate::plan::Plan;

/// What `down` has to say at its end.
#[derive(Debug)]
pub struct Removed<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// What was done.
    pub plan: &'a Plan,
    /// The volumes whose data stays.
    pub kept: Vec<String>,
    /// The file of the password that was made for the stack, where it is removed.
    pub password_file: Option<PathBuf>,
}

impl Printer {
    /// Prints what `down` did.
    pub fn removed(&self, removed: &Removed<'_>) {
        self.result(|_| screen(removed), || schema::removed(removed));
    }
}

fn screen(removed: &Removed<'_>) -> Screen {
    let Removed { stack, plan, kept, password_file } = removed;
    let done = if plan.is_empty() {
        format!("stack {stack}: there is nothing to remove")
    } else {
        format!("stack {stack} is down: {} operations", plan.len())
    };
    let named = if *stack == DEFAULT_STACK { String::new() } else { format!(" --stack {stack}") };
    let kept = (!kept.is_empty())
        .then(|| format!("data stays in {}; `tdd-stack down --volumes{named}` removes it", kept.join(", ")));
    let password = password_file
        .as_ref()
        .map(|path| format!("the password that was made for it is removed too: {}", sanitize::path(path)));
    let lines: Vec<String> = [Some(done), kept, password].into_iter().flatten().collect();
    text_screen(&lines.join("\n"))
}
