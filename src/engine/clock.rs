//! The engine's clock, which need not agree with this machine's: after a sleep in Docker Desktop, on another machine.

use std::time::{Duration, SystemTime};

/// How precise the date of an answer is: its fraction of a second is cut off.
const PRECISION: Duration = Duration::from_secs(1);

/// How far the engine's clock is from this machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    ahead: Duration,
    behind: Duration,
}

impl Clock {
    /// Returns the engine's clock by the date of an answer and the moments of question and answer on this machine.
    ///
    /// A difference within the precision of a date is taken for none: most engines run on this machine.
    pub(super) fn of_answer(date: SystemTime, asked: SystemTime, answered: SystemTime) -> Self {
        let latest = date + PRECISION;
        if date <= answered && asked <= latest {
            return Self::default();
        }
        // The latest possible time, so that no event is taken for one of the future.
        match latest.duration_since(asked) {
            Ok(ahead) => Self { ahead, behind: Duration::ZERO },
            Err(behind) => Self { ahead: Duration::ZERO, behind: behind.duration() },
        }
    }

    /// Returns the engine's time now: exact where both clocks agree, otherwise up to a second and the time of a ping
    /// later than it is.
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
    fn clocks_that_may_agree_do() {
        for (asked, answered) in [(5000, 5001), (5999, 6003), (4999, 5000), (6000, 6001)] {
            assert_eq!(Clock::of_answer(at(5000), at(asked), at(answered)), Clock::default());
        }
    }

    #[test]
    fn a_difference_is_measured_to_the_latest_possible_time() {
        let (zero, seconds) = (Duration::ZERO, Duration::from_secs);
        let behind = Clock::of_answer(at(5000), at(66_000), at(66_001));
        assert_eq!(behind, Clock { ahead: zero, behind: seconds(60) });
        let ahead = Clock::of_answer(at(65_000), at(6000), at(6001));
        assert_eq!(ahead, Clock { ahead: seconds(60), behind: zero });
    }
}
