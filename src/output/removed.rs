//! What `down` did.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{object, print, schema};
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

/// Prints what `down` did.
pub fn removed(json: bool, removed: &Removed<'_>) {
    if json {
        return object(&document(removed));
    }
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
    print(&format!("{}\n", lines.join("\n")));
}

fn document(removed: &Removed<'_>) -> Value {
    json!({
        "schema": "tdd-stack.down/1",
        "stack": removed.stack,
        "ok": true,
        "operations": schema::operations(removed.plan),
        "kept_volumes": removed.kept,
        "removed_password_file": removed.password_file.as_deref().map(Path::to_string_lossy),
    })
}
