//! What is printed before a command runs: warnings, and errors of the command line as JSON.

use super::printer::{object, say};
use super::schema;
use crate::error::Error;

/// Prints a warning.
pub fn warning(text: &str) {
    say(&format!("warning: {text}"));
}

/// Prints an error as a JSON object on standard output.
pub fn error_object(error: &Error) {
    object(&schema::error(error, None));
}
