//! Passwords, stored as salted hashes.
//!
//! The password itself is never stored or printed. One round of SHA-256 is enough for a double, but not for Grafana.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state::uid;

/// The shortest allowed password.
pub(crate) const SHORTEST: usize = 4;

/// A stored password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    salt: String,
    sha256: String,
}

impl Hashed {
    /// Hashes a password with a new salt.
    pub(crate) fn new(password: &str) -> Self {
        let salt = format!("{:016x}", uid::random());
        let sha256 = hash(&salt, password);
        Self { salt, sha256 }
    }

    /// Returns whether this is the password.
    pub(crate) fn is(&self, password: &str) -> bool {
        hash(&self.salt, password) == self.sha256
    }
}

/// Returns the SHA-256 of a text in hexadecimal digits.
pub(crate) fn sha256(text: &[u8]) -> String {
    Sha256::digest(text).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn hash(salt: &str, password: &str) -> String {
    sha256(format!("{salt}:{password}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
        let hashed = Hashed::new("admin123");
        assert!(hashed.is("admin123") && !hashed.is("admin") && !hashed.is(""));
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        assert_ne!(Hashed::new("same"), Hashed::new("same"));
    }

    #[test]
    fn sha256_matches_the_test_vector() {
        assert!(sha256(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
