//! The engine's clock, which may differ from this machine's: in Docker Desktop after a sleep, or on another
//! machine.

use std::time::{Duration, SystemTime};

/// The precision of an answer's date, which has no fraction of a second.
const PRECISION: Duration = Duration::from_secs(1);

/// The difference between the engine's clock and this machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    ahead: Duration,
    behind: Duration,
}

impl Clock {
    /// Returns the engine's clock, from the date of an answer and the local times of request and answer.
    ///
    /// A difference within the precision of a date counts as none: most engines run on this machine.
    pub(super) fn of_answer(date: SystemTime, requested: SystemTime, answered: SystemTime) -> Self {
        let latest = date + PRECISION;
        if date <= answered && requested <= latest {
            return Self::default();
        }
        // The latest possible time is used, so that no event seems to be in the future.
        match latest.duration_since(requested) {
            Ok(ahead) => Self { ahead, behind: Duration::ZERO },
            Err(behind) => Self { ahead: Duration::ZERO, behind: behind.duration() },
        }
    }

    /// Returns the engine's current time. It is exact if both clocks agree, otherwise late by up to a second
    /// plus the time of a ping.
    pub(super) fn now(self) -> SystemTime {
        SystemTime::now() + self.ahead - self.behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn clocks_within_the_precision_are_equal() {
        for (requested, answered) in [(5000, 5001), (5999, 6003), (4999, 5000), (6000, 6001)] {
            assert_eq!(Clock::of_answer(at(5000), at(requested), at(answered)), Clock::default());
        }
    }

    #[test]
    fn difference_uses_the_latest_possible_time() {
        let (zero, seconds) = (Duration::ZERO, Duration::from_secs);
        let behind = Clock::of_answer(at(5000), at(66_000), at(66_001));
        assert_eq!(behind, Clock { ahead: zero, behind: seconds(60) });
        let ahead = Clock::of_answer(at(65_000), at(6000), at(6001));
        assert_eq!(ahead, Clock { ahead: seconds(60), behind: zero });
    }
}
