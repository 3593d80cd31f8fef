//! The lock of a name after five wrong tries within a window.
//!
//! While a name is locked, even the right password is rejected.

use serde::{Deserialize, Serialize};

/// The number of wrong tries that locks a name.
const MOST_TRIES: usize = 5;

/// One wrong try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrongTry {
    login: String,
    at_ms: u64,
}

/// Returns whether the name is locked now.
pub(crate) fn is_locked(tries: &[WrongTry], login: &str, now_ms: u64, window_ms: u64) -> bool {
    let counts = |wrong: &&WrongTry| wrong.login == login && is_recent(wrong, now_ms, window_ms);
    tries.iter().filter(counts).count() >= MOST_TRIES
}

/// Records a wrong try, and removes expired ones.
pub(crate) fn record(tries: &mut Vec<WrongTry>, login: &str, now_ms: u64, window_ms: u64) {
    tries.retain(|wrong| is_recent(wrong, now_ms, window_ms));
    tries.push(WrongTry { login: login.to_string(), at_ms: now_ms });
}

fn is_recent(wrong: &WrongTry, now_ms: u64, window_ms: u64) -> bool {
    wrong.at_ms.saturating_add(window_ms) > now_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 300_000;

    fn after_tries(times: &[u64]) -> Vec<WrongTry> {
        let mut tries = Vec::new();
        for at in times {
            record(&mut tries, "admin", *at, WINDOW);
        }
        tries
    }

    #[test]
    fn fifth_wrong_try_locks_the_name() {
        assert!(!is_locked(&after_tries(&[1, 2, 3, 4]), "admin", 5, WINDOW));
        assert!(is_locked(&after_tries(&[1, 2, 3, 4, 5]), "admin", 5, WINDOW));
    }

    #[test]
    fn other_names_are_not_locked() {
        assert!(!is_locked(&after_tries(&[1, 2, 3, 4, 5]), "viewer", 5, WINDOW));
    }

    #[test]
    fn lock_ends_when_the_first_try_expires() {
        let tries = after_tries(&[1, 2, 3, 4, 5]);
        assert!(is_locked(&tries, "admin", WINDOW, WINDOW));
        assert!(!is_locked(&tries, "admin", WINDOW + 1, WINDOW));
    }

    #[test]
    fn expired_tries_are_removed() {
        assert_eq!(after_tries(&[1, 2, WINDOW + 10]).len(), 1);
    }
}
