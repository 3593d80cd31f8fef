//! Passwords, kept as salted hashes.
//!
//! Never keeps or prints the password itself. One round of SHA-256 is enough for a double, and not for a Grafana.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::state::uid;

/// The shortest password that can be set.
pub(crate) const SHORTEST: usize = 4;

/// A password as it is kept.
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

/// Returns the hash of a text, in hexadecimal digits.
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
    fn only_the_password_itself_fits() {
        let hashed = Hashed::new("admin123");
        assert!(hashed.is("admin123") && !hashed.is("admin") && !hashed.is(""));
    }

    #[test]
    fn two_users_with_one_password_are_kept_differently() {
        assert_ne!(Hashed::new("same"), Hashed::new("same"));
    }

    #[test]
    fn the_hash_is_the_usual_one() {
        assert!(sha256(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
