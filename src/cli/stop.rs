//! The end of the program before any command runs.

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use crate::config::settings::OutputFormat;
use crate::error::Error;
use crate::output;

/// What is printed in place of a command.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A help page, or the version.
    Page(clap::Error),
    /// An error of the command line, or of a variable. With `json`, standard output gets an error object too.
    Usage {
        /// clap's own text, if it found the error.
        rendered: Option<Box<clap::Error>>,
        /// The error.
        error: Box<Error>,
        /// Whether results are printed as JSON.
        json: bool,
    },
}

impl Stop {
    pub(super) fn usage(rendered: clap::Error, error: Error, json: bool) -> Self {
        Self::Usage { rendered: Some(Box::new(rendered)), error: Box::new(error), json }
    }

    /// Returns the end for a variable with an invalid value.
    pub(super) fn of_value(error: Error, json: bool) -> Self {
        Self::Usage { rendered: None, error: Box::new(error), json }
    }

    /// Returns whether results are requested as JSON, even if the rest of the command line is invalid.
    pub(super) fn json(words: &[OsString], set: &[(String, OsString)]) -> bool {
        let mut requested =
            set.iter().find(|(name, _)| name == "TDD_STACK_OUTPUT").map(|(_, value)| value.as_os_str());
        let mut words = words.iter().take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            if word == "--output" {
                requested = words.next().map(OsString::as_os_str);
            } else if let Some(value) = word.to_str().and_then(|word| word.strip_prefix("--output=")) {
                requested = Some(value.as_ref());
            }
        }
        requested.is_some_and(|value| value == "json")
    }

    /// Prints it and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            // A closed pipe is not a failure.
            Self::Page(page) => drop(page.print()),
            Self::Usage { rendered: Some(rendered), error, json } => {
                if !output::refusal(&rendered.to_string()) {
                    drop(rendered.print());
                }
                if *json {
                    output::error_object(error);
                }
            }
            Self::Usage { rendered: None, error, json } => {
                output::error(error, json.then_some(OutputFormat::Json), None);
            }
        }
        ExitCode::from(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Page(_) => 0,
            Self::Usage { error, .. } => error.exit_code(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(page) => page.fmt(formatter),
            Self::Usage { error, .. } => error.fmt(formatter),
        }
    }
}
