//! Walks from an error to its causes.

use std::error::Error as StdError;
use std::iter::successors;

use super::Error;

/// Returns the causes of an error, the nearest first, without the error itself.
pub fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    successors(error.source(), |&cause| cause.source())
}

/// Returns the last cause, which is the most specific one; an error without causes is its own.
pub fn root_cause<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    causes(error).last().unwrap_or(error)
}

impl Error {
    /// Returns the error and its causes, separated by colons.
    pub fn in_one_line(&self) -> String {
        let causes = causes(self).map(|cause| format!(": {cause}"));
        format!("{self}{}", causes.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_goes_from_the_error_to_its_last_cause() {
        let error = Error::restore("data", Error::engine("upload files")("no space left"));
        let named: Vec<String> = causes(&error).map(ToString::to_string).collect();
        assert_eq!(named, ["cannot upload files", "no space left"]);
        assert_eq!(root_cause(&error).to_string(), "no space left");
        assert_eq!(error.in_one_line(), "cannot restore volume `data`: cannot upload files: no space left");
        assert_eq!(root_cause(&Error::Interrupted).to_string(), "interrupted");
    }
}
