//! The first failure, together with the failures of the clean-up after it.

use std::fmt;

use super::{Error, Result};

/// A failure, and the failures of the clean-up after it.
#[derive(Debug)]
pub struct CleanUp {
    failure: Box<Error>,
    further: Vec<Error>,
}

/// Returns an outcome extended by the failures of the clean-up after it. The first failure stays the error.
pub fn and_clean_up<T>(outcome: Result<T>, failures: impl IntoIterator<Item = Error>) -> Result<T> {
    let mut failures = failures.into_iter();
    match outcome {
        Ok(done) => match failures.next() {
            Some(failure) => Err(failure.and_further(failures.collect())),
            None => Ok(done),
        },
        Err(failure) => Err(failure.and_further(failures.collect())),
    }
}

impl Error {
    fn and_further(self, further: Vec<Self>) -> Self {
        if further.is_empty() {
            return self;
        }
        Self::CleanUp(CleanUp { failure: Box::new(self), further })
    }

    /// Returns the first failure.
    pub fn first(&self) -> &Self {
        match self {
            Self::CleanUp(CleanUp { failure, .. }) => failure.first(),
            error => error,
        }
    }

    /// Returns the failures of the clean-up.
    pub fn of_clean_up(&self) -> Vec<&Self> {
        match self {
            Self::CleanUp(CleanUp { failure, further }) => {
                failure.of_clean_up().into_iter().chain(further).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for CleanUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(formatter)
    }
}

impl std::error::Error for CleanUp {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failure.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(word: &str) -> Error {
        Error::engine(word)(format!("cause of {word}"))
    }

    #[test]
    fn clean_up_failures_follow_the_first_failure() {
        assert_eq!(and_clean_up(Ok(1), None).unwrap(), 1);
        let alone = and_clean_up(Ok(1), [failure("a")]).unwrap_err();
        assert_eq!((alone.to_string(), alone.of_clean_up().len()), ("cannot a".into(), 0));
        let error = and_clean_up::<()>(Err(Error::Interrupted), [failure("a"), failure("b")]).unwrap_err();
        let error = and_clean_up::<()>(Err(error), [failure("c")]).unwrap_err();
        assert_eq!(
            (error.to_string(), error.exit_code(), error.code()),
            ("interrupted".into(), 130, "interrupted")
        );
        let further: Vec<String> = error.of_clean_up().into_iter().map(ToString::to_string).collect();
        assert_eq!(further, ["cannot a", "cannot b", "cannot c"]);
        assert!(std::error::Error::source(&error).is_none(), "only the first failure's causes are shown");
    }
}
