//! Valid and generated uids, and salts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The longest uid that Grafana accepts.
pub(crate) const LONGEST: usize = 40;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Returns whether a uid has only allowed characters, at any length.
pub(crate) fn has_legal_characters(uid: &str) -> bool {
    uid.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Returns whether Grafana accepts the uid in a path.
pub(crate) fn is_valid(uid: &str) -> bool {
    has_legal_characters(uid) && uid.len() <= LONGEST
}

/// Returns a new uid of 14 characters that begins with a letter, like Grafana's.
pub(crate) fn generate(first: char) -> String {
    let mut rest = u128::from(random()) << 64 | u128::from(random());
    let mut uid = String::from(first);
    for _ in 0..13 {
        uid.push(char::from(DIGITS[(rest % 36) as usize]));
        rest /= 36;
    }
    uid
}

/// Returns an unpredictable number.
pub(crate) fn random() -> u64 {
    // Each state has a random seed from the system.
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_uids_are_valid_and_unique() {
        let (one, two) = (generate('a'), generate('a'));
        assert!(is_valid(&one) && one.len() == 14 && one.starts_with('a'), "{one}");
        assert_ne!(one, two);
    }

    #[test]
    fn uid_has_letters_digits_dash_and_underscore() {
        assert!(is_valid("tdd-main_1"));
        assert!(!is_valid("a b") && !is_valid("a/b") && !is_valid("ä"));
        assert!(is_valid(&"x".repeat(40)) && !is_valid(&"x".repeat(41)));
    }
}
